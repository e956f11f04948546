"""How it looks: one theme with the machine's own fonts, and the little CSS that the theme cannot say."""

from __future__ import annotations

import gradio as gr

FONT = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
HEAD = '<meta name="viewport" content="width=device-width, initial-scale=1">'


def theme() -> gr.themes.Base:
    """Teal on slate; no font is fetched from anywhere."""
    return gr.themes.Soft(
        primary_hue="teal", secondary_hue="teal", neutral_hue="slate", radius_size="md", font=FONT, font_mono=MONO
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        block_shadow="none",
        block_border_width="1px",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_text_color_dark="*primary_300",
        block_title_background_fill_dark="transparent",
        block_title_text_color_dark="*primary_300",
        block_title_padding="0",
        button_secondary_background_fill_dark="*neutral_700",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
    )


CSS = """
.gradio-container { max-width: 1560px !important; margin: 0 auto !important; padding: 12px 20px 28px !important; }
.gradio-container > .main, .gradio-container main { padding: 0 !important; }
footer { display: none !important; }

#top { align-items: center; gap: 12px; flex-wrap: wrap; }
#brand { flex: 0 0 auto; min-width: auto !important; width: auto; }
#brand b { font-size: 1.25rem; letter-spacing: -.02em; color: var(--primary-700); }
.dark #brand b { color: var(--primary-400); }
#case { flex: 1 1 220px; min-width: 180px !important; max-width: 360px; }
#top button { flex: 0 0 auto; min-width: auto; }
#answering { flex: 1 1 300px; min-width: 240px !important; text-align: right; }
#answering .now { font-size: .92rem; color: var(--body-text-color); }
#answering .now b { color: var(--primary-700); }
.dark #answering .now b { color: var(--primary-300); }
#answering small, .quiet, .quiet p { color: var(--body-text-color-subdued) !important; font-size: .85rem; }

.tracker { display: flex; gap: 6px; list-style: none; margin: 4px 0 0; padding: 0; }
.tracker li { flex: 1 1 0; min-width: 0; padding: 7px 10px 6px; border-radius: 8px; font-size: .84rem; margin: 0;
  border: 1px solid var(--border-color-primary); color: var(--body-text-color-subdued); white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; background: var(--block-background-fill); }
.tracker li::before { content: attr(data-mark) " "; font-weight: 600; }
.tracker li.done { color: var(--primary-700); }
.dark .tracker li.done { color: var(--primary-300); }
.tracker li.current { color: white; background: var(--primary-700); border-color: var(--primary-700);
  font-weight: 600; }
.tracker-note { margin: 6px 2px 0; font-size: .88rem; color: var(--body-text-color-subdued); }
.tracker-note b { color: var(--body-text-color); font-weight: 600; }

#work { gap: 18px; align-items: flex-start; }
.gradio-container { overflow: clip !important; }
#aside { position: sticky; top: 10px; max-height: calc(100vh - 20px); overflow-y: auto; }
#aside > * { flex-shrink: 0; }
#guide .label-wrap { font-weight: 600; }
#guide .message, #chat .message { font-size: .95rem; line-height: 1.5; }
#guide-chat .options { display: flex; flex-wrap: wrap; gap: 6px; justify-content: flex-start; padding: 4px 12px 10px;
  margin: 0; width: 100%; max-width: none; }
#guide-chat .option { flex: 0 1 auto; width: auto; padding: 5px 12px; border-radius: 999px; text-align: left;
  font-size: .88rem; border-style: solid; }
#guide-chat button[aria-label="Clear"], #chat button[aria-label="Clear"] { display: none; }
.card { border: 1px solid var(--primary-500) !important; border-radius: 10px; padding: 12px !important; gap: 10px;
  background: var(--block-background-fill); }
.card h4 { margin: 0 0 4px; }
.terms { display: grid; grid-template-columns: max-content 1fr; gap: 4px 12px; margin: 0 0 6px; font-size: .9rem; }
.chips { display: flex; flex-wrap: wrap; gap: 6px; margin: 0 0 8px; }
.chips span { padding: 2px 8px; border: 1px solid var(--border-color-primary); border-radius: 12px;
  font-size: .9rem; overflow-wrap: anywhere; }
.terms dt { color: var(--body-text-color-subdued); }
.terms dd { margin: 0; overflow-wrap: anywhere; }
.card summary { cursor: pointer; font-size: .85rem; color: var(--body-text-color-subdued); }
#brief textarea { field-sizing: content; height: auto !important; }
#guide:has(#proposal) #guide-chat { height: 30vh !important; min-height: 180px !important; }
#brief .gap { border-left: 3px solid #d97706 !important; }
#new-form { align-items: center; }

#chat .message-buttons, #guide-chat .message-buttons { opacity: .85; }
#chat .edit-textarea { width: min(58ch, 68vw) !important; min-height: 9em !important; }
#chat .thought:has(> .edit-textarea) { display: none; }
#chat .placeholder-content, #chat .placeholder { text-align: center; padding: 0 16px; }
#message .submit-button { background: var(--button-primary-background-fill); color: white; border-radius: 6px;
  padding: 4px 14px; font-weight: 600; }
#tabs .label-wrap span { text-align: left; }
#chosen-document input { text-overflow: ellipsis; padding-right: 26px; }
.middle { align-items: center; }
.go { align-self: flex-start; min-width: 230px; width: auto; }
html { scrollbar-gutter: stable; }
#top .block, #stages, .gradio-container .html-container { padding: 0 !important; }

.facts { display: flex; flex-wrap: wrap; gap: 8px; }
.facts div { flex: 1 1 110px; padding: 8px 12px; border-radius: 8px; border: 1px solid var(--border-color-primary);
  background: var(--block-background-fill); }
.facts b { display: block; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
.facts span { font-size: .8rem; color: var(--body-text-color-subdued); }
.bar { height: 8px; border-radius: 4px; background: var(--border-color-primary); overflow: hidden; margin: 8px 0; }
.bar i { display: block; height: 100%; background: var(--primary-600); transition: width .5s; }
.verdict { padding: 12px 14px; border-radius: 8px; border-left: 4px solid var(--neutral-400);
  background: var(--block-background-fill); }
.verdict.switch { border-color: var(--primary-600); } .verdict.stay, .verdict.undecided { border-color: #d97706; }
.plain { border-collapse: collapse; width: 100%; font-size: .88rem; margin: 0; border: 0 !important; }
.plain tr { border: 0 !important; background: none !important; }
.plain th, .plain td { text-align: left; padding: 6px 10px !important; border: 0 !important; vertical-align: top;
  border-bottom: 1px solid var(--border-color-primary) !important; }
.plain mark { background: var(--primary-100); color: inherit; }
.dark .plain mark { background: var(--primary-900); }
#conversations table { font-family: var(--font); }
.plain th { color: var(--body-text-color-subdued); font-weight: 500; }
.plain td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
.wide { overflow-x: auto; contain: inline-size; }
.wide td:not(.n) { min-width: 9em; }
#documents td { overflow-wrap: anywhere; }
#documents .refused td:first-child { box-shadow: inset 3px 0 #d97706; }
button.primary { font-weight: 600; }
button.secondary:disabled { background: var(--button-secondary-background-fill) !important; }

.seen .text { white-space: pre-wrap; font-family: var(--font-mono); font-size: .8rem; line-height: 1.55; margin: 6px 0;
  max-height: 50vh; overflow-y: auto; }
.seen, .cited { overflow-wrap: anywhere; font-size: .86rem; }
.seen .key { display: flex; flex-wrap: wrap; gap: 4px 8px; margin: 0 0 4px; }
.seen .part { border-radius: 4px; padding: 1px 3px; box-decoration-break: clone; }
.seen .instruction { background: rgb(13 148 136 / .2); } .seen .passages { background: rgb(217 119 6 / .22); }
.seen .example { background: rgb(99 102 241 / .22); } .seen .history { background: rgb(148 163 184 / .28); }
.seen .question { background: rgb(225 29 72 / .2); } .seen .frame { color: var(--body-text-color-subdued); }
.seen ul { margin: 4px 0; padding-left: 18px; }
.cited { padding: 6px 8px; margin: 4px 0; border-left: 3px solid var(--border-color-primary); }
.cited mark { background: rgb(217 119 6 / .28); color: inherit; }
.cited.meant { border-left-color: var(--primary-600); background: rgb(13 148 136 / .14); }
#chat .cite { display: inline; padding: 0 2px; color: var(--primary-700); text-decoration: underline; cursor: pointer; }
.dark #chat .cite { color: var(--primary-300); }
#citing { display: none; }

#report-file { display: none; }
.rows > .row { border-bottom: 1px solid var(--border-color-primary); }
.rows summary { cursor: pointer; padding: 9px 4px; display: flex; flex-wrap: wrap; gap: 2px 12px;
  align-items: baseline; }
.rows summary::before { content: "▸"; color: var(--body-text-color-subdued); }
.rows details[open] > summary::before { content: "▾"; }
.rows summary:focus-visible, .marks button:focus-visible, .blind button:focus-visible {
  outline: 2px solid var(--primary-600); outline-offset: 2px; }
.rows .question { flex: 1 1 220px; min-width: 0; overflow-wrap: anywhere; }
.rows .figures, .cards .figures { font-size: .82rem; color: var(--body-text-color-subdued);
  font-variant-numeric: tabular-nums; }
.rows .asked, .blind .asked { margin: 2px 0 10px; padding: 8px 12px; white-space: pre-wrap; overflow-wrap: anywhere;
  border-left: 3px solid var(--primary-600); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 240px), 1fr)); gap: 10px;
  margin: 0 0 10px; }
.cards .answer { display: flex; flex-direction: column; gap: 6px; min-width: 0; padding: 10px 12px; border-radius: 8px;
  border: 1px solid var(--border-color-primary); background: var(--block-background-fill); }
.cards .approved { border-style: dashed; }
.cards h4 { margin: 0; font-size: .95rem; }
.cards h4 small { font-weight: 400; color: var(--body-text-color-subdued); }
.cards .text { flex: 1; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .92rem; line-height: 1.5;
  max-height: 60vh; overflow-y: auto; }
.cards ul { margin: 0; padding-left: 18px; font-size: .82rem; overflow-wrap: anywhere; }
.cards p { margin: 4px 0 0; }
.differs { background: rgb(217 119 6 / .16); text-decoration: underline dotted; text-underline-offset: 3px; }
.marks { display: flex; flex-wrap: wrap; gap: 6px; }
.marks button, .offer button, .blind button { padding: 5px 12px; border-radius: 999px; font-size: .84rem;
  border: 1px solid var(--border-color-primary); background: transparent; color: inherit; cursor: pointer; }
.marks button[aria-pressed=true] { background: var(--primary-700); border-color: var(--primary-700); color: white; }
.others > summary, .before > summary { font-size: .86rem; color: var(--body-text-color-subdued); }

@media (max-width: 900px) {
  .gradio-container { padding: 8px 10px 20px !important; }
  #work { flex-direction: column; align-items: stretch; }
  #work > .column { min-width: 0 !important; max-width: 100%; width: 100%; }
  #aside { order: -1; position: static; width: 100%; max-height: none; overflow: visible; }
  #guide-chat { height: 40vh !important; }
  #answering { text-align: left; }
  .go { width: 100%; }
  #conversations table { font-size: .74rem; }
  .answers, .answers tbody, .answers tr, .answers td { display: block; width: auto; }
  .answers .head { display: none; }
  .answers td { border: 0 !important; padding: 2px 4px !important; min-width: 0 !important; }
  .answers td.n { display: flex; justify-content: space-between; gap: 10px; white-space: normal; text-align: right; }
  .answers td.n::before { content: attr(data-name); color: var(--body-text-color-subdued); text-align: left; }
  .answers tr { padding: 6px 0; border-bottom: 1px solid var(--border-color-primary) !important; }
  #documents td, #documents th { padding: 6px 5px !important; }
  #documents table { font-size: .8rem; }
  #conversations td, #conversations th, #conversations .cell-wrap { padding-left: 3px !important;
    padding-right: 3px !important; }
  #tabs [role=tab] { padding: 8px 5px; font-size: .82rem; letter-spacing: -.01em; }
  #case { flex: 1 1 120px; min-width: 120px !important; }
  #top { gap: 8px; }
  .tracker li { padding: 6px 4px; text-align: center; font-size: 0; }
  .tracker li::before { font-size: .84rem; }
  .tracker li.current { flex: 3 1 0; font-size: .84rem; }
}
"""
