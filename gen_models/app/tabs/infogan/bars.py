"""Probabilities as bars that a live control moves: its reply sends `{elem_id: {"shares": [...], "given": row}}`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

import gradio as gr


def bars(names: Sequence[str], *, caption: str, head: str, source: str, elem_id: str) -> gr.HTML:
    """A bar and a number for each name, empty until the live control answers.

    Args:
        names: of the rows.
        caption: what the bars are.
        head: what the names are.
        source: elem_id of the live control that fills them; it is asked once more when the bars are there.
        elem_id: their own.
    """
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}<i hidden> · set</i></th>'
        '<td class="track" aria-hidden="true"><b></b></td><td class="share">–</td></tr>'
        for name in names
    )
    return gr.HTML(
        label=caption,
        html_template=(
            f'<div class="ll-live"><table><caption>{escape(caption)}</caption><thead><tr>'
            f'<th scope="col">{escape(head)}</th><th class="track"></th><th scope="col">Q</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        ),
        css_template=_CSS,
        js_on_load=f"const source = {json.dumps(source)};\n{_SCRIPT}",
        apply_default_css=False,
        elem_id=elem_id,
    )


_SCRIPT = """
const root = element.firstElementChild;
const rows = [...root.querySelectorAll("tbody tr")];
root.control = {
  change({ shares, given = -1 }) {
    rows.forEach((row, i) => {
      row.querySelector("b").style.width = `${100 * shares[i]}%`;
      row.querySelector(".share").textContent = `${(100 * shares[i]).toFixed(1)} %`;
      row.querySelector("i").hidden = i !== given;
    });
  },
};
document.getElementById(source)?.querySelector(".ll-live")?.control?.refresh();
"""

_CSS = """
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.5rem; text-align: left; font-weight: 500; color: var(--body-text-color-subdued); }
table, tr, th, td { border: 0; }
th, td { padding: 0.15rem 0; text-align: left; }
thead th { font-weight: 400; color: var(--body-text-color-subdued); }
tbody th { width: 4.5rem; font-weight: 600; }
th:last-child, .share { width: 4.2rem; text-align: right; }
i { font-style: normal; font-weight: 400; color: var(--body-text-color-subdued); }
.track b {
  display: block; width: 0; min-width: 1px; height: 0.8rem; border-radius: 2px; background: var(--color-accent);
}
"""
