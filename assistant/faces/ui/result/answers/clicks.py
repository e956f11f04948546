"""Buttons inside HTML that the server writes: one component shows many rows, and says which button was pressed."""

from __future__ import annotations

from typing import Any

import gradio as gr

# Told to the server: the data of the button that was pressed, or of the row that was unfolded, and which rows are open.
# After each redraw the focus goes back to the button it was on, else the keyboard would start at the top of the page.
DELEGATE = """
let focused = '';
const open = () => [...element.querySelectorAll('details[data-row][open]')].map(one => one.dataset.row);
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-act]');
  if (!button || button.disabled) return;
  focused = button.id;
  trigger('click', {...button.dataset, open: open()});
});
element.addEventListener('toggle', event => {
  const row = event.target;
  if (row.open && row.dataset.row && row.dataset.unread) {
    delete row.dataset.unread;
    const state = row.querySelector('summary i');
    if (state) state.textContent = 'read';
    trigger('click', {act: 'read', row: row.dataset.row, open: open()});
  }
}, true);
watch('value', () => {
  const button = focused && element.querySelector('#' + CSS.escape(focused));
  if (button) button.focus({preventScroll: true});
});
"""


def written(elem_id: str) -> gr.HTML:
    """An empty component whose clicks carry the pressed button's data."""
    return gr.HTML("", js_on_load=DELEGATE, elem_id=elem_id, apply_default_css=False, padding=False)


def data(event: gr.EventData) -> dict[str, Any]:
    """What came with a click. A browser may send anything: texts stay texts, and the rest is left out."""
    sent = getattr(event, "_data", None)
    found = sent if isinstance(sent, dict) else {}
    opened = found.get("open")
    rows = [str(row)[:40] for row in opened[:100]] if isinstance(opened, list) else []
    return {str(k): str(v)[:200] for k, v in found.items() if isinstance(v, str | int)} | {"open": rows}
