"""The error on test images against the size of the code: what depth buys over PCA, and that a linear one is PCA."""

from __future__ import annotations

from urllib.parse import quote

import gradio as gr

from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.autoencoder import common
from gen_models.app.chapters.autoencoder.lineup import KINDS, Lineup, error_table, ratio
from gen_models.app.shell import charts, layout
from gen_models.app.shell.parts import markdown

PREFIX = "autoencoder-errors"
COLOURS = {"conv": "#26868c", "linear": "#b8651b", "pca": "#8a63c9"}
"""Each has a contrast of 3 or more on the light page and on the dark one."""
CAPTIONS = {"ratio": "autoencoder’s squared error / PCA’s"} | {
    kind: f"squared error, {KINDS[kind][:1].lower() + KINDS[kind][1:] if kind != 'pca' else 'PCA'}"
    for kind in KINDS
}


def curves(lineup: Lineup) -> list[charts.Curve]:
    """Squared error against code size, for each kind that was measured; the autoencoder's on top."""
    made = []
    for kind in ("pca", "linear", "conv"):
        points = [(row["code"], row[kind]) for row in error_table(lineup) if row[kind]]
        if points:
            x, y = zip(*points, strict=True)
            made.append(charts.Curve(KINDS[kind], x, y, COLOURS[kind], hollow=kind == "linear"))
    return made


def numbers(lineup: Lineup) -> dict[str, dict[str, str]]:
    """For each code size, as text, what stands beside the curves."""
    return {
        str(row["code"]): {part: common.format_number(row[part]) for part in CAPTIONS}
        for row in error_table(lineup)
    }


def build(models: Models) -> None:
    """The code size, the curves with its points marked, and all numbers in a table."""
    panels = common.Panels(models.values())
    with layout.controls():
        panels.choice()
        for i, lineup in panels.each():
            common.code_slider(lineup.codes, common.middle(lineup.codes), f"{PREFIX}-{i}")
    with layout.results():
        for i, lineup in panels.each():
            lay_out_curves(lineup, f"{PREFIX}-{i}")
    with layout.wide():
        for _, lineup in panels.each():
            lay_out_table(lineup)
    panels.connect()


def lay_out_curves(lineup: Lineup, elem_id: str) -> None:
    """The curves, and beside them the numbers of one code size."""
    drawn, by_code = curves(lineup), numbers(lineup)
    if not drawn:
        markdown(common.NOT_EVALUATED)
        return
    seen = "Curves of squared error against code size; the numbers are in the table below."
    chart = charts.log_log(drawn, "code size", "squared error per test image", seen)
    opens = f"#autoencoder/reconstruct?data={quote(lineup.name)}&code="
    common.curve(chart, by_code, CAPTIONS, common.middle(lineup.codes), elem_id, opens=opens)


def lay_out_table(lineup: Lineup) -> None:
    """All numbers, and how near the linear autoencoder, trained step by step, comes to PCA."""
    rows = error_table(lineup)
    if not any(row[kind] for row in rows for kind in KINDS):
        return
    gr.HTML(table(rows), css_template=charts.TABLE_CSS)
    excess = [r for row in rows if (r := ratio(row["linear"], row["pca"])) is not None]
    if excess:
        markdown(
            f"The linear autoencoder’s squared error is at most {max(excess):.3f} times PCA’s. The angle says how far "
            "its subspace is turned from PCA’s. Where two neighbouring components have almost the same variance, as at "
            "large sizes, it can turn far at almost no cost."
        )


def table(rows: list[dict[str, float | None]]) -> str:
    """`error_table` in HTML, one line for each code size."""
    head = ["code size", "auto\u00adencoder", "linear", "PCA", "ratio", "angle"]
    lines = [
        [
            f"{row['code']}",
            *(common.format_number(row[key]) for key in (*KINDS, "ratio")),
            "–" if row["angle"] is None else f"{row['angle']:.1f}°",
        ]
        for row in rows
    ]
    caption = (
        "Squared error per test image. Ratio: autoencoder over PCA. Angle: the largest between the linear autoencoder "
        "and PCA."
    )
    return charts.table(head, lines, caption)


EXPERIMENT = Experiment(
    id="errors",
    title="Error curve",
    idea="Of all linear encoders and decoders PCA is the best: it loses the variance $\\lambda_i$ of the components "
    "beyond $k$, the code size. How much less does a deep autoencoder lose on images that none of them has seen?",
    equation=r"\min_{E,\,D\ \text{linear}}\ \mathbb{E}_x\,\lVert x - D(E(x)) \rVert^2 = \sum_{i > k} \lambda_i",
    lecture="§1.2",
    notice="Move the code size, or click a point to see its images. On digits the ratio falls from 0.71 at 2 "
    "dimensions to 0.18 at 64: the more room there is, the more a basis that is not linear gains. The linear "
    "autoencoder’s rings lie on PCA’s points at every size.",
    control=f'[id^="{PREFIX}"][id$="-code"] input',
    result=f'[id^="{PREFIX}"] svg',
    number=f'[id^="{PREFIX}"] .ll-number',
    elsewhere="data=fashion&code=16",
    build=build,
)
