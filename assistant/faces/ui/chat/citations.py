"""A [1] in an answer as a button: a click unfolds the passages under the answer and shows the one that is meant."""

from __future__ import annotations

# The message itself stays as it is, for it can be copied and edited. Only what the browser draws gets the buttons.
CITING = r"""
const wrap = (root) => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (/\[\d+\]/.test(node.data) && !node.parentElement.closest('.cite, .seen, .cited, textarea, pre, code'))
      found.push(node);
  }
  for (const node of found) {
    const parts = node.data.split(/(\[\d+\])/).map((text) => {
      if (!/^\[\d+\]$/.test(text)) return document.createTextNode(text);
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'cite';
      button.textContent = text;
      button.setAttribute('aria-label', `Show passage ${text.slice(1, -1)}`);
      return button;
    });
    node.replaceWith(...parts);
  }
};
const show = (button) => {
  const after = (node) => button.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING;
  const fold = [...document.querySelectorAll('#chat .thought-group')].find(
    (node) => after(node) && /passages? used/.test(node.textContent));
  if (!fold) return;
  if (!fold.querySelector('.cited')) (fold.querySelector('.title') || fold).click();
  setTimeout(() => {
    const passage = fold.querySelector('.cited.n' + button.textContent.slice(1, -1));
    if (!passage) return;
    document.querySelectorAll('#chat .cited.meant').forEach((node) => node.classList.remove('meant'));
    passage.classList.add('meant');
    passage.scrollIntoView({block: 'nearest'});
  }, 250);
};
let waiting = false;
const draw = () => {
  waiting = false;
  document.querySelectorAll('#chat .bot .prose, #chat .bot .md').forEach(wrap);
};
const soon = () => {  // once a frame, however much changes in it
  if (!waiting) requestAnimationFrame(draw);
  waiting = true;
};
new MutationObserver(soon).observe(document.body, {childList: true, subtree: true});  // the chat may come later
soon();
document.body.addEventListener('click', (event) => {
  const button = event.target.closest('#chat .cite');
  if (button) { event.preventDefault(); event.stopPropagation(); show(button); }
}, true);
"""
