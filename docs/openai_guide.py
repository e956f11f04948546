"""Fine-tuning as OpenAI's guide does it. OPENAI_BASE_URL and OPENAI_API_KEY say where: here, or there."""

import sys
import time

from openai import OpenAI

model, path = sys.argv[1:]  # smollm2-135m-instruct data/examples/teashop/conversations.jsonl
client = OpenAI()

with open(path, "rb") as rows:
    file = client.files.create(file=rows, purpose="fine-tune")
job = client.fine_tuning.jobs.create(
    training_file=file.id,
    model=model,
    suffix="tea",
    method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 1}}},
)
while job.status not in ("succeeded", "failed", "cancelled"):
    time.sleep(2)
    job = client.fine_tuning.jobs.retrieve(job.id)
for event in client.fine_tuning.jobs.list_events(job.id, limit=100):
    print(event.message)

answer = client.chat.completions.create(
    model=job.fine_tuned_model, messages=[{"role": "user", "content": "Do you ship to France?"}], max_tokens=60
)
print(answer.choices[0].message.content)
print(client.files.content(job.result_files[0]).text)

client.models.delete(job.fine_tuned_model)
client.files.delete(file.id)
