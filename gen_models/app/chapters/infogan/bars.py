"""Probabilities as bars that a live control moves.

Its reply sends `{elem_id: {"names": [...], "shares": [...], "given": row}}`.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import gradio as gr

from gen_models.app import controls

_SCRIPT = (Path(__file__).parent / "bars.js").read_text("utf-8")


def bars(*, caption: str, head: str, source: str, elem_id: str) -> gr.HTML:
    """A bar and a number for each name that the live control sends.

    Args:
        caption: what the bars are.
        head: what the names are.
        source: elem_id of the live control that fills them; it is asked once more when the bars are there.
        elem_id: their own.
    """
    return gr.HTML(
        label=caption,
        html_template=controls.template(
            "Bars",
            {"source": source},
            f"<table><caption>{escape(caption)}</caption><thead><tr>"
            f'<th scope="col">{escape(head)}</th><td class="track"></td><th scope="col">Q</th></tr></thead>'
            "<tbody></tbody></table>",
        ),
        css_template=_CSS,
        js_on_load=_SCRIPT + controls.MOUNT,
        apply_default_css=False,
        elem_id=elem_id,
    )


_CSS = """
.ll-bench:has(.ll-waiting) & { opacity: 0.5; }
.ll-bench:has(.ll-failed) & { opacity: 0.35; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.35rem; text-align: left; color: var(--body-text-color-subdued); }
table, tr, th, td { border: 0; }
th, td { padding: 0.12rem 0; text-align: left; }
thead th { font-weight: 400; color: var(--body-text-color-subdued); }
tbody th { width: 4.5rem; font-weight: 600; white-space: nowrap; }
th:last-child, .share { width: 4.2rem; text-align: right; }
i { font-style: normal; font-weight: 400; color: var(--body-text-color-subdued); }
.track b {
  display: block; width: 0; min-width: 1px; height: 0.8rem; border-radius: 2px; background: var(--color-accent);
}
"""
