"""The toy's registry."""

from harness.steps import Step
from reproductions.toy.params import Nothing, Numbers, Total

STEPS = {
    "make_numbers": Step(
        run="reproductions.toy.numbers:make_numbers", params=Numbers, outputs={"values": "arrays"}
    ),
    "add_up": Step(
        run="reproductions.toy.total:add_up",
        params=Total,
        inputs={"numbers": "arrays"},
        outputs={"rows": "rows"},
    ),
    "measure_speed": Step(
        run="reproductions.toy.speed:measure_speed",
        params=Nothing,
        inputs={"numbers": "arrays"},
        outputs={"record": "measurement"},
    ),
    "draw_dots": Step(
        run="reproductions.toy.drawing:draw_dots",
        params=Nothing,
        inputs={"rows": "rows"},
        outputs={"figure": "figure"},
    ),
}
