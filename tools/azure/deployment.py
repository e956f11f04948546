"""A tuned model of Azure OpenAI as a deployment, which answers and costs by the hour: made, listed, taken down."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tools.prices import Prices
from tools.trainer import ToolError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient

MANAGEMENT = "https://management.azure.com"
OURS = "attune-"
KINDS = ("Standard", "GlobalStandard", "DeveloperTier")  # of a deployment, as the control plane spells them
CAPACITY = 1  # thousand tokens a minute, the least there is
INSTALL = "Install them with `pip install -c constraints.txt -e '.[azure]'`."
SETTINGS = "AZURE_OPENAI_ENDPOINT, AZURE_SUBSCRIPTION_ID and AZURE_RESOURCE_GROUP"


def name_of(model: str) -> str:
    """The name of the deployment of a tuned model: the same whenever it is deployed."""
    return f"{OURS}{hashlib.sha256(model.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Deployment:
    """One deployment as Azure tells it. `created`: ISO 8601, by Azure's clock."""

    name: str
    model: str
    kind: str
    state: str  # Creating, Succeeded, Failed, Deleting ...
    created: str


class AzureHosting:
    """Deployments in one resource, by Azure's own SDK. Remembers nothing. `credential`: None = Azure's usual ones."""

    def __init__(
        self,
        endpoint: str,
        subscription: str,
        group: str,
        prices: Prices | None = None,
        management: str = MANAGEMENT,
        credential: TokenCredential | None = None,
    ) -> None:
        self.account = (urlsplit(endpoint).hostname or "").split(".")[0]
        self.subscription, self.group = subscription, group
        self.prices = prices or Prices("azure")
        self.management, self._credential = management, credential

    def unavailable(self) -> str | None:
        """What is missing, and the remedy; None when Azure can be asked. Asks nobody."""
        if not (self.account and self.subscription and self.group):
            return f"Nothing can be deployed at Azure: set {SETTINGS}."
        missing = [n for n in ("azure.identity", "azure.mgmt.cognitiveservices") if not _installed(n)]
        return f"{' and '.join(missing)} are not installed. {INSTALL}" if missing else None

    def hour(self, kind: str) -> float:
        """US dollars an hour of a deployment of this kind, used or not."""
        return self.prices.hosting(kind)

    def deploy(self, model: str, kind: str) -> str:
        """Ask for the deployment of a tuned model; its name. It answers after some minutes. Asking twice makes one."""
        with self._asked() as client:
            from azure.mgmt.cognitiveservices import models

            wanted = models.Deployment(
                sku=models.Sku(name=kind, capacity=CAPACITY),
                properties=models.DeploymentProperties(
                    model=models.DeploymentModel(format="OpenAI", name=model, version="1")
                ),
            )
            client.deployments.begin_create_or_update(
                self.group, self.account, name_of(model), wanted, polling=False, **self._transport()
            )
        return name_of(model)

    def remove(self, model: str) -> None:
        """Take the deployment of a model down; harmless when there is none. The model itself stays."""
        with self._asked() as client:
            client.deployments.begin_delete(
                self.group, self.account, name_of(model), polling=False, **self._transport()
            )

    def deployments(self) -> list[Deployment]:
        """Those that Attune made in this resource, whoever started them."""
        with self._asked() as client:
            found = list(client.deployments.list(self.group, self.account, **self._transport()))
        return [_read(one) for one in found if str(one.name).startswith(OURS)]

    def _transport(self) -> dict[str, Any]:
        """A control plane without TLS is taken on loopback only."""
        host = urlsplit(self.management).hostname
        return {"enforce_https": False} if host in ("127.0.0.1", "localhost") else {}

    @contextmanager
    def _asked(self) -> Iterator[CognitiveServicesManagementClient]:
        """A client; what it raises becomes a sentence and a remedy."""
        if problem := self.unavailable():
            raise ToolError(problem)
        from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ServiceRequestError
        from azure.identity import DefaultAzureCredential
        from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient

        credential = self._credential or DefaultAzureCredential()
        try:
            with CognitiveServicesManagementClient(
                credential,
                self.subscription,
                base_url=self.management,
                credential_scopes=[f"{MANAGEMENT}/.default"],
                retry_total=2,
                retry_backoff_max=5,
            ) as client:
                yield client
        except ClientAuthenticationError as error:
            raise ToolError(
                f"Azure does not let you in: {_first(error)}",
                "Run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.",
            ) from None
        except ServiceRequestError:
            raise ToolError(f"There is no connection to {self.management}.", "Check the network, try again.") from None
        except HttpResponseError as error:
            raise ToolError(
                f"Azure refused it ({error.status_code}): {_first(error)}",
                f"Check {SETTINGS}, and your role on the resource.",
            ) from None
        except AzureError as error:
            raise ToolError(
                f"Azure's answer was lost or cannot be read: {_first(error)}",
                "Look at the deployments, then try again: asking twice makes one.",
            ) from None


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _read(one: Any) -> Deployment:
    model, created = one.properties.model if one.properties else None, one.system_data and one.system_data.created_at
    return Deployment(
        str(one.name),
        str(model.name if model else ""),
        str(one.sku.name if one.sku else ""),
        str(one.properties.provisioning_state if one.properties else ""),
        created.isoformat() if created else "",
    )


def _first(error: Exception) -> str:
    """The first line of what Azure says."""
    return str(error).strip().splitlines()[0][:200].rstrip(".") + "." if str(error).strip() else "it gives no reason."
