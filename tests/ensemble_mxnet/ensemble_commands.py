"""Running the command line in the tests' own process."""

from harness.formats import rows
from reproductions.ensemble_kd.cli.main import main
from reproductions.ensemble_kd.leaving import params_file

SMALL = (
    "--model resnet18_e1 --dataset digits --width-multiplier 0.0625 --weight-quantization dorefa "
    "--activation-method round --clip-threshold 1.3 --fp-downsample-sc --pool-downsample-sc "
    "--mode hybrid --batch-size 32 --test-run"
)
STEM = "image-classification_1970-01-01_00-00-00"


class Commands:
    """Command lines that write into one folder.

    Parameters
    ----------
    folder
        Their working directory; results are in its folder `out`.
    """

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.out = folder / "out"
        monkeypatch.chdir(folder)
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")

    def __call__(self, words, start=SMALL):
        """Run a command and return its exit status."""
        return main([*start.split(), "--result_path", "out", *words.split()])

    def table(self, stem=STEM):
        """Return the rows of a CSV."""
        return rows.read(self.out / f"{stem}.csv")

    def params(self, end, stem=STEM):
        """Return the values of a parameter file."""
        return params_file.read(self.out / f"{stem}{end}.params")

    def names(self):
        """Return the names of all results."""
        return sorted(path.name for path in self.out.iterdir()) if self.out.exists() else []

    def log(self, stem=STEM):
        """Return the text of a log."""
        return (self.out / f"{stem}.log").read_text()
