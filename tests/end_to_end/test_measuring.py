"""Measuring: records are added, compared, and never replaced."""

import json


def test_new_record_lies_beside_the_old_and_both_are_compared(toy):
    """A second measurement is a second file; the first keeps its bytes and the tables with it."""
    first = toy.root / "device_results/smoke/toy/speed/0001.json"
    before = first.read_bytes()

    done = toy.harness("measure", "toy/speed", "--device", "host")

    assert done.returncode in (0, 1), done.stderr
    assert "record 0001" in done.stdout
    assert "record 0002" in done.stdout
    assert "tolerance" in done.stdout
    assert first.read_bytes() == before
    second = json.loads((first.parent / "0002.json").read_text())
    assert second["complete"] is True
    assert second["where"]["libraries"]["numpy"]
    toy.harness("status", check=0)


def test_measuring_on_another_device_measures_there(toy):
    """The step is handed the device of the command line, and the record is of that one."""
    host = (toy.root / "specs/device/host.yaml").read_text()
    quick = host.replace("device: host", "device: quick").replace("samples: 30", "samples: 4")
    (toy.root / "specs/device/quick.yaml").write_text(quick)
    listed = "  - device@devices.host: host\n"
    toy.edit("specs/config.yaml", listed, f"{listed}  - device@devices.quick: quick\n")
    toy.harness("compile", check=0)

    done = toy.harness("measure", "toy/speed", "--device", "quick")

    assert "another device: 'host', then 'quick'" in done.stdout, done.stderr
    text = (toy.root / "device_results/smoke/toy/speed/0002.json").read_text()
    record = json.loads(text)
    assert (record["device"]["device"], record["complete"]) == ("quick", True)
    assert {len(series["samples"]) for series in record["series"].values()} == {4}


def test_run_keeps_the_record_that_is_there(toy):
    """A reproduction never measures again: the record keeps its bytes when its inputs change."""
    record = toy.root / "device_results/smoke/toy/speed/0001.json"
    before = record.read_bytes()
    toy.edit("specs/papers/toy.yaml", "epochs: 4", "epochs: 5")
    toy.harness("compile", check=0)

    done = toy.dvc("repro", "toy-speed", check=0)

    assert "kept: device_results/smoke/toy/speed/0001.json" in done.stderr
    assert record.read_bytes() == before


def test_unknown_device_and_stage_are_refused(toy):
    """A wrong name is refused with the names that there are."""
    assert "host" in toy.harness("measure", "--device", "phone", check=2).stderr
    assert "toy/speed" in toy.harness("measure", "toy/speeed", check=1).stderr
