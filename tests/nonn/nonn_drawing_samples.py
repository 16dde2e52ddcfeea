"""Rows as the stages write them, of which the figures are drawn."""

from itertools import combinations


def score(
    name, students, partition, value, *, distilled=True, training="together", size=4000, **seed
):
    """Make one row of scores, as a training stage writes it."""
    return {
        **seed,
        "network": name,
        "students": students,
        "partition": partition,
        "distilled": distilled,
        "training": training,
        "parameters": size // 4,
        "bytes": size,
        "accuracy": value,
        "validation_accuracy": value,
    }


def history(name, epochs=5):
    """Make the rows of one network's history."""
    return [
        {
            "network": name,
            "epoch": epoch,
            "loss": 2.0 / epoch,
            "train_accuracy": 99.0 - 20 / epoch,
            "validation_accuracy": 98.0 - 20 / epoch,
        }
        for epoch in range(1, epochs + 1)
    ]


def survivors_of(students, dropout, **seed):
    """Make the rows of one system: each student that answers adds its number to the accuracy."""
    return [
        {
            **seed,
            "dropout": dropout,
            "students": students,
            "surviving": count,
            "answering": "+".join(map(str, chosen)),
            "accuracy": 20.0 + 10 * count + sum(chosen) + 30 * dropout,
        }
        for count in range(students, 0, -1)
        for chosen in combinations(range(students), count)
    ]


def prediction(method, devices, megabits, total, *, latency=0.5, form=None, **more):
    """Make one row of a simulation."""
    return {
        "method": method,
        "network": "wrn10-1",
        "devices": devices,
        "form": form,
        "precision": form and "float32",
        "bandwidth_mbit": megabits,
        "latency_ms": latency,
        "compute_ms": total / 2,
        "transfer_ms": total / 2,
        "total_ms": total,
        "compute": "measured" if devices == 2 else "scaled",
        "record": "0001",
        "current": True,
        "complete": True,
    } | more


PREDICTED = [
    *(prediction("nonn", n, m, 4 + 100 / m, form="features") for n in (2, 4) for m in (100, 1, 10)),
    *(prediction("nonn", 2, m, 3 + 90 / m, form="logits") for m in (1, 10)),
    *(prediction("nonn", 2, m, 9 + 100 / m, latency=5, form="features") for m in (1, 10)),
    *(prediction("split-student", n, m, 9 + 9000 / m) for n in (2, 4) for m in (1, 10, 100)),
    *(prediction("split-teacher", n, m, 50 + 40000 / m) for n in (2, 4) for m in (1, 10, 100)),
]


def measurement(students, link, time, **more):
    """Make one row of a deployment's summary."""
    return {
        "system": "nonn",
        "students": students,
        "node": "all",
        "form": "features",
        "precision": "float32",
        "link": link,
        "median_ms": time,
    } | more


MEASURED = [
    measurement(1, "10 Mbit/s", 60.0, system="teacher", form="logits"),
    measurement(2, "none", 5.0),
    measurement(2, "2.5 Mbit/s", 49.0),
    measurement(2, "10 Mbit/s", 16.0),
    measurement(2, "10 Mbit/s", 15.0, precision="int8"),
    measurement(2, "10 Mbit/s", 9.0, node="0"),
    measurement(4, "10 Mbit/s", "unavailable"),
    measurement(8, "10 Mbit/s", 17.0),
]


TEACHER = [score("wrn16-4", 1, "none", 98.5, distilled=False, size=11_000_000)]
OTHERS = [
    score("wrn10-1", 2, "communities", 97.0, size=330_000),
    score("wrn10-1", 4, "communities", 97.1, size=320_000),
    score("wrn10-1", 2, "random", 96.0, size=329_000),
    score("wrn10-1", 1, "none", 95.0, distilled=False, size=310_000),
]
