"""People counted across lines, against what is true: PETS 2009 S2.L1 forward and backward in time, as it is and
disturbed; close-up clips that nobody can count this way; the frame rate against bare MOG2; the memory of the worker.

The limit of the rate is OpenCV's MOG2 alone on the same pictures (384 x 288) on the same core in the same run, both
alternating every few pictures. Beside the counter stand the tutorials' counter and true boxes through our own filter
and line rule (`_tutorial.py`). Needs the recordings beside the repository; without them it says so and measures
nothing.

    python -m benchmarks.footfall [pets] [rate] [worker] [hour]

Without a word all but the hour, which takes some minutes.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks._counting_worker import hour, worker
from benchmarks._footage import (
    SHARED,
    THIRTEEN,
    Crossed,
    Picture,
    Score,
    pictures,
    random_lines,
    score,
    true_crossings,
    truth,
)
from benchmarks._tutorial import perfect, tutorial
from drivers.device import Crossing
from drivers.emulators.crowd.truth import Seen
from drivers.vision.counter import Counter
from drivers.vision.plan import AnyPlan, Line, Plan

FPS = 7.0
"""Of the scene of PETS; its container says 10."""
SIZE = 768, 576
RANDOM, SEED = 300, 7
ROUNDS = 6
TURN = 40
"""Pictures."""
GOALS = {
    ("forward", "13 lines"): (3.9, 0.951),
    ("backward", "13 lines"): (5.0, 0.953),
    ("forward", "random lines"): (3.1, 0.966),
    ("backward", "random lines"): (4.5, 0.965),
}


def counted(shown: Sequence[Picture], lines: Sequence[Line], fps: float) -> tuple[list[Crossed], Counter]:
    """What the counter makes of them."""
    counter = Counter(AnyPlan(tuple(lines)), "x")
    events = [event for frame, picture in enumerate(shown) for event in counter.step(picture, frame / fps)]
    events += counter.end()
    return [
        (event.line.removeprefix("x/"), event.direction, round(event.mono * fps))
        for event in events
        if isinstance(event, Crossing)
    ], counter


def disturbed(shown: Sequence[Picture], seed: int = 3) -> dict[str, list[Picture]]:
    """Of each kind one; half the frame rate is made where it is counted."""
    chance = np.random.default_rng(seed)
    count = len(shown)

    def lit(gains: Sequence[float]) -> list[Picture]:
        return [cv2.convertScaleAbs(picture, alpha=gain) for picture, gain in zip(shown, gains, strict=True)]

    def noisy(picture: Picture) -> Picture:
        grainy = picture.astype(np.float32) * 0.5 + chance.normal(0, 4, picture.shape)
        return np.clip(grainy, 0, 255).astype(np.uint8)

    return {
        "light step to 0.7": lit([1.0 if number < count // 2 else 0.7 for number in range(count)]),
        "light ramp to 0.6": lit(np.linspace(1, 0.6, count).tolist()),
        "flicker of 6 %": lit((1 + 0.06 * np.sin(np.arange(count) * 2.1)).tolist()),
        "half brightness, noise": [noisy(picture) for picture in shown],
    }


def pets(shown: list[Picture], rows: list[list[Seen]]) -> None:
    """The table of the four goals, and the disturbances."""
    drawn = random_lines(rows, RANDOM, SEED)
    ways = {"forward": (shown, rows), "backward": (shown[::-1], rows[::-1])}
    print(f"PETS 2009 S2.L1, {len(shown)} pictures; error / F1 (median and 90th percentile of the lines' errors, %)")
    print(f"{'':10} {'':13} {'counter':29} {'goal':13} {'true boxes':29} tutorial")
    for way, (frames, people) in ways.items():
        told, _ = counted(frames, (*THIRTEEN, *drawn), FPS)
        for name, lines in (("13 lines", THIRTEEN), ("random lines", drawn)):
            true = true_crossings(people, lines, SIZE)
            names = {line.name for line in lines}
            ours = score(true, [one for one in told if one[0] in names])
            boxes = score(true, perfect(people, lines, SIZE, FPS))
            taught = score(true, tutorial(frames, lines))
            error, f1 = GOALS[way, name]
            goal = f"{error} % / {f1:.3f}".replace("0.", ".")
            print(f"{way:10} {name:13} {ours!s:29} {goal:13} {boxes!s:29} {taught}", flush=True)
    print("\nDisturbed, 13 lines (goal: 8 % pooled)")
    for way, (frames, people) in ways.items():
        true = true_crossings(people, THIRTEEN, SIZE)
        scores: dict[str, Score] = {}
        for kind, changed in disturbed(frames).items():
            scores[kind] = score(true, counted(changed, THIRTEEN, FPS)[0])
        halved = counted(frames[::2], THIRTEEN, FPS / 2)[0]
        scores["half the frame rate"] = score(true, [(name, way_, frame * 2) for name, way_, frame in halved])
        for kind, one in scores.items():
            print(f"{way:10} {kind:24} {one}")
        pooled = 100 * sum(one.wrong for one in scores.values()) / sum(one.true for one in scores.values())
        print(f"{way:10} {'pooled':24} {pooled:5.1f} %", flush=True)


def close_up() -> None:
    """Views that cannot be counted, and what is said of them."""
    print("\nViews that cannot be counted (goal: unsuitable)")
    for clip in ("TUD-Campus", "TUD-Stadtmitte"):
        _, counter = counted(pictures(SHARED / clip / f"{clip}.mp4"), THIRTEEN, 25.0)
        print(f"{clip:16} {counter.view.verdict}: {', '.join(counter.view.reasons)}")


def rate(shown: list[Picture]) -> None:
    """Frames a second of one core beside bare MOG2, over the recording to and fro. Both take turns of a few seconds, so
    that whatever else slows this machine slows both."""
    shown = [*shown, *reversed(shown)]
    ratios, ours, bare = [], 0.0, 0.0
    for _ in range(ROUNDS):
        mixture, counter = cv2.createBackgroundSubtractorMOG2(1500, 20, True), Counter(Plan(THIRTEEN[:1]))
        theirs = mine = 0.0
        for first in range(0, len(shown), TURN):
            begun = time.process_time()
            for picture in shown[first : first + TURN]:
                mixture.apply(picture)
            changed = time.process_time()
            for frame, picture in enumerate(shown[first : first + TURN], first):
                counter.step(picture, frame / FPS)
            theirs, mine = theirs + changed - begun, mine + time.process_time() - changed
        ratios.append(theirs / mine)
        bare, ours = bare + theirs, ours + mine
    total = ROUNDS * len(shown)
    each = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
    print(f"\nRate at 384 x 288: {total / ours:.0f} pictures/s against {total / bare:.0f} of MOG2 alone.")
    print(f"Ratio {bare / ours:.2f} (goal 0.4); of single rounds {each}")


def main() -> None:
    """Prints the tables."""
    clip = SHARED / "PETS09-S2L1"
    if not clip.is_dir():
        print(f"footfall: the recordings are not beside the repository ({Path('shared/footage')}); nothing measured")
        return
    cv2.setNumThreads(1)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    shown = pictures(clip / "vtest.avi")
    asked = sys.argv[1:] or ["pets", "rate", "worker"]
    if "pets" in asked:
        pets(shown, truth(clip / "gt.txt", len(shown)))
        close_up()
    if "rate" in asked:
        rate(shown)
    if "hour" in asked:
        hour(shown)
    if "worker" in asked:
        worker()


if __name__ == "__main__":
    main()
