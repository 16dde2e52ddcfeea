"""All arguments of the command line as data: the release's, and this project's own.

The help, the parser, the refusals and a test that walks the table all read it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reproductions.ensemble_kd.cli.argument import Argument

ACTIVATIONS = (
    "identity", "approx_sign", "relu", "clip", "leaky_clip", "det_sign", "sign_approx_sign",
    "round", "dorefa", "pact", "dorefa_modified",
)  # fmt: skip
DATASETS = ("imagenet", "cifar10", "cifar100", "mnist", "dummy", "digits")
OPTIMISERS = ("radam", "adam", "sgd", "nag")
SCHEDULES = ("step", "poly", "cosine")

_CPU = "this build of MXNet has the CPU alone"
_ONE_PROCESS = "one process reads the images, so that two runs are equal to the byte"

_DISTILS = "--kd-mode simple --kd-teacher-mode"
_ALONG = f"{_DISTILS} untrained_external --teacher resnet18_v1"
_FROZEN = f"{_DISTILS} pretrained_external --teacher-params t.params"
_TAUGHT = (
    f"{_DISTILS} untrained_external --ensemble-teacher --teacher-teacher resnet18_v1 "
    "--tt-kd-mode simple"
)
"""What examples need for a teacher that is trained along, a frozen one, and a taught one."""


def _value(
    group: str,
    flags: str,
    kind: Callable[[str], Any],
    default: Any,
    text: str,
    example: str = "",
    **more: Any,
) -> Argument:
    return Argument(
        group=group,
        flags=tuple(flags.split()),
        help=text,
        default=default,
        kind=kind,
        example=tuple(example.split()),
        **more,
    )


def _switch(group: str, flags: str, text: str, example: str = "", **more: Any) -> Argument:
    names = tuple(flags.split())
    words = tuple(example.split()) or (names[0],)
    return Argument(group=group, flags=names, help=text, default=False, example=words, **more)


_MODEL = (
    _value("model", "--model", str, None, "network of the members; resnet18_e1 is the one there is",
           required=True),
    _value("model", "--bits", int, 1, "weight bits that periodic checkpoints have in their names; "
           "an ensemble has --bit-widths", "--bits 2 --save-frequency 1"),
    _value("model", "--bits-a", int, 1, "activation bits in those names",
           "--bits-a 2 --save-frequency 1"),
    _value("model", "--activation-method", str, "det_sign", "how activations are quantised; "
           "approx_sign and sign_approx_sign are the same; dorefa_modified is refused",
           "--activation-method round", choices=ACTIVATIONS),
    _value("model", "--weight-quantization", str, "det_sign", "how weights are quantised; "
           "sign_approx_sign is refused, and identity where a member has 8 bits or fewer",
           "--weight-quantization dorefa",
           choices=("det_sign", "dorefa", "identity", "sign_approx_sign"), fate="noted",
           reason="the width decides, as in BMXNet: 1 det_sign, 2 to 8 dorefa, 32 identity"),
    _value("model", "--clip-threshold", float, 1.0, "no gradient passes an activation quantiser "
           "where the activation is larger", "--clip-threshold 1.3"),
    _value("model", "--add-activation", str, "", "a further activation after each quantised block",
           "--add-activation prelu", choices=("", "prelu", "relu", "elu")),
    _switch("model", "--use-pretrained", "begin with weights from Gluon's model zoo",
            fate="refused", reason="the zoo has no weights of a resnet18_e1",
            remedy="give your own with --resume FILE"),
    _value("model", "--approximation", str, "", "scale of one-bit convolutions by the mean size of "
           "their weights; abc is refused", "--approximation xnor",
           choices=("", "xnor", "binet", "abc")),
    _value("model", "--initial-layers", str, "imagenet", "first layers; images less than 50 pixels "
           "wide always get one 3x3 convolution", "--initial-layers grouped_stem",
           choices=("imagenet", "grouped_stem")),
    _switch("model", "--fp-downsample-sc", "leave the 1x1 convolutions of shortcuts unquantised"),
    _switch("model", "--pool-downsample-sc", "narrow shortcuts by pooling instead of by stride"),
    _value("model", "--downsample-sc-groups", int, 1, "groups of the shortcuts' 1x1 convolutions",
           "--downsample-sc-groups 2"),
    _value("model", "--slices", int, 1, "parts into which a block is split", "--slices 2",
           choices=(1, 2, 4, 8), fate="refused",
           reason="blocks are not split: the ensemble of the release knows whole ones alone",
           remedy="leave it out"),
    _value("model", "--prefix", str, "", "folder or beginning of the names of periodic "
           "checkpoints; left out: in the result folder", "--prefix kept/ --save-frequency 1"),
)  # fmt: skip

_DATA = (
    _value("data", "--batch-size", int, 64, "images in a training batch", "--batch-size 32"),
    _value("data", "--data-dir", str, "", "folder with train.rec, train.idx, val.rec and val.idx "
           "(imagenet)", "--dataset imagenet --data-dir records"),
    _value("data", "--data-path", str, ".", "folder with the binary files of CIFAR, unpacked or as "
           "the .tar.gz, or with MNIST's idx files, .gz or not; for digits a folder of arrays that "
           "a dataset stage has written, or scikit-learn's digits.csv.gz; without one the "
           "digits of the installed scikit-learn", "--data-path elsewhere"),
    _value("data", "--dataset", str, "cifar10", "images to train on; dummy: 512 that are drawn at "
           "random, digits: small ones that need no download", "--dataset mnist", choices=DATASETS),
    _value("data", "--dtype", str, "float32", "number format", "--dtype float16",
           choices=("float32", "float16"), fate="refused",
           reason="MXNet's convolutions have no float16 on the CPU", remedy="leave it out"),
    _value("data", "--num-worker -j", int, 4, "processes that read images", "-j 8",
           fate="noted", reason=_ONE_PROCESS),
    _value("data", "--augmentation", str, "medium", "how much the training images of imagenet are "
           "changed", "--augmentation high", choices=("low", "medium", "high")),
    _value("data", "--result_path --result-path", str, "../results/", "folder of all files that "
           "are written; made where it is missing", "--result_path out"),
)  # fmt: skip

_RUNNING = (
    _value("running", "--builtin-profiler", int, 0, "MXNet's own profiler", "--builtin-profiler 1",
           fate="refused", reason="its records hold times, and no two are equal",
           remedy="use Python's: python -m cProfile -m reproductions.ensemble_kd …"),
    _value("running", "--gpus", str, "", "number of a GPU; several are refused", "--gpus 0",
           fate="noted", reason=f"{_CPU}: it does the same, and takes longer"),
    _switch("running", "--cpu", "compute on the CPU", fate="fixed", reason=_CPU),
    _value("running", "--mode", str, "imperative", "whether the network is compiled before it is "
           "trained (hybrid); symbolic is refused", "--mode hybrid",
           choices=("symbolic", "imperative", "hybrid")),
)  # fmt: skip


def _descent(prefix: str, group: str, *, whose: str, **defaults: Any) -> tuple[Argument, ...]:
    """Return the arguments of one training's optimiser; `prefix` is "", "teacher-" or "tt-"."""
    flag = f"--{prefix}"
    given = {"lr-factor": 0.1, "lr-steps": "30,60,90", "optimizer": "adam", **defaults}
    need = {"teacher-": _ALONG, "tt-": _TAUGHT}.get(prefix, "")
    step = f"{need} {flag}lr-mode step {flag}lr-factor 0.5"
    return (
        _value(group, f"{flag}lr-mode", str, "cosine", f"how {whose} falls",
               f"{need} {flag}lr-mode poly", choices=SCHEDULES),
        _value(group, f"{flag}lr", float, 0.01, f"{whose} at its highest", f"{need} {flag}lr 0.1"),
        _value(group, f"{flag}lr-factor", float, given["lr-factor"],
               "factor at each of the steps, with mode step", step),
        _value(group, f"{flag}lr-steps", str, given["lr-steps"],
               "epochs of the steps, with commas between them", f"{step} {flag}lr-steps 1,2"),
        _value(group, f"{flag}momentum", float, 0.9, "of sgd and nag",
               f"{need} {flag}optimizer sgd {flag}momentum 0.5"),
        _value(group, f"{flag}optimizer", str, given["optimizer"], "how weights follow gradients",
               f"{need} {flag}optimizer nag", choices=OPTIMISERS),
        _value(group, f"{flag}wd", float, 0.0, "weight decay; reaches neither quantised weights "
               "nor normalisation", f"{need} {flag}wd 0.001"),
        _value(group, f"{flag}warmup-lr", float, 0.0, "rate at which the warm-up begins",
               f"{need} {flag}warmup-lr 0.001", fate="noted",
               reason="a warm-up begins at 0, as in the release, which never reads it"),
        _value(group, f"{flag}warmup-epochs", int, 0, "epochs in which the rate rises",
               f"{need} {flag}warmup-epochs 1"),
    )  # fmt: skip


_OPTIMISER = (
    *_descent("", "optimizer", whose="the learning rate", **{
        "lr-factor": 0.0, "lr-steps": "90,100", "optimizer": "radam"}),
    _value("optimizer", "--wd-alpha", float, 0.0, "weight decay where activations are pact; it "
           "takes the place of --wd for all parameters, as in the release",
           "--activation-method pact --wd-alpha 0.001"),
)  # fmt: skip

_TRAINING = (
    _switch("training", "--dry-run", "check everything, tell what would be trained, write nothing"),
    _switch("training", "--test-run", "train and test on one batch an epoch"),
    _value("training", "--interrupt-at", int, None, "stop after so many epochs in all, with exit "
           "code 3, when what is needed to go on is saved", "--interrupt-at 1"),
    _value("training", "--epochs", int, 120, "how often all images are seen", "--epochs 2"),
    _value("training", "--initialization", str, "gaussian", "first weights; gaussian: He's; "
           "default: Xavier's of magnitude 2", "--initialization msraprelu_in",
           choices=("default", "gaussian", "msraprelu_avg", "msraprelu_in")),
    _value("training", "--kvstore", str, "device", "where gradients of several devices are added",
           "--kvstore local", fate="noted", reason="there is one device"),
    _value("training", "--log", str, "image-classification", "beginning of the names of all files",
           "--log other"),
    _value("training", "--log-interval", int, 50, "batches between two lines of the log",
           "--log-interval 5"),
    _value("training", "--plot-network", str, None, "picture of the network",
           "--plot-network net", fate="refused", reason="it needs the programs of Graphviz, which "
           "no package brings", remedy="leave it out; --dry-run lists the layers"),
    _switch("training", "--profile", "memory by Python function", fate="refused",
            reason="it measures this machine, and not the training",
            remedy="use Python's tracemalloc"),
    _value("training", "--progress", str, "", "file that tells which epoch is done",
           "--progress progress.txt"),
    _value("training", "--resume", str, "", "parameters to begin with: of an ensemble, or with "
           "--train-teacher of the teacher",
           "--resume first.params"),
    _value("training", "--resume-states", str, "", "state of the optimisers beside them, which "
           "--interrupt-at and --save-frequency write; needs --start-epoch",
           "--resume first.params --resume-states first.states --start-epoch 1"),
    _value("training", "--save-frequency", int, None, "epochs between two kept checkpoints; the "
           "best one is always kept", "--save-frequency 1"),
    _value("training", "--seed", int, 123, "of weights, order and changes of images", "--seed 5"),
    _value("training", "--start-epoch", int, 0, "epochs that are done already",
           "--resume first.params --start-epoch 1"),
    _value("training", "--write-summary", str, None, "folder for TensorBoard",
           "--write-summary board", fate="refused", reason="it needs mxboard, which is no longer "
           "kept", remedy="read the .csv that every run writes"),
    _value("training", "--loss-mode", str, "equal", "how members' losses are added",
           choices=("equal",), fate="fixed", reason="the losses are added; see --member-weights"),
    _switch("training", "--two-stage", "train with full-precision weights first, then again from "
            "the best of these, quantised", f"{_ALONG} --two-stage"),
    _value("training", "--train-single", int, None, "train one width", "--train-single 4",
           fate="noted", reason="the release divides a loss by it that nothing reads; "
           "--bit-widths 4 trains that width alone"),
    _value("training", "--bit-widths", int, None, "widths of the members: 1 to 8, and 32",
           "--bit-widths 8 4 1", many=True),
    _switch("training", "--train-teacher", "train --teacher alone, without an ensemble",
            "--teacher resnet18_v1 --train-teacher"),
    _value("training", "--target-bits", int, 1, "width whose accuracy on the test "
           "images decides which epoch is best, as in the release",
           "--target-bits 4"),
    _switch("training", "--fp-weights", "leave all weights in full precision"),
    _switch("training", "--identity-clip", "the member of 32 bits cuts activations to -1 to 1"),
    _switch("training", "--no-batch-reuse", "a batch of its own for each member", fate="noted",
            reason="all members see the same batch: the release reads it and never uses it"),
)  # fmt: skip

_TEACHING = (
    _value("distillation", "--kd-mode", str, "none", "who teaches: simple, a teacher all members; "
           "progressive, each member the next narrower one",
           "--kd-mode progressive", choices=("none", "simple", "progressive")),
    _value("distillation", "--kd-teacher-mode", str, "none", "the teacher: trained before, trained "
           "along, or the widest member (internal)", _ALONG,
           choices=("none", "pretrained_external", "untrained_external", "internal")),
    _value("distillation", "--kd-alpha", float, None, "share of the labels in a loss; left out: "
           "0.5, with --compat the release's 0", "--kd-mode progressive --kd-alpha 0.3"),
    _value("distillation", "--teacher", str, "", "network of the teacher: resnet18_v1, "
           "cifar_resnet20_v2, cifar_resnet56_v2, cifar_resnet110_v2 or resnet_e1",
           f"{_FROZEN} --teacher resnet_e1"),
    _value("distillation", "--teacher-params", str, "", "its parameters",
           f"{_FROZEN} --teacher resnet18_v1"),
    *_descent("teacher-", "distillation", whose="the teacher's learning rate"),
    _switch("distillation", "--ensemble-teacher", "the teacher is an ensemble with "
            "full-precision weights, as --fp-weights trains it; each member learns from the "
            "teacher's of its width", f"{_FROZEN} --ensemble-teacher"),
    _value("distillation", "--attention-matching", int, 0, "match the attention maps of an "
           "ensemble teacher: 0 no, -1 those of the same width, n those of its n bits",
           f"{_FROZEN} --ensemble-teacher --attention-matching -1"),
    _value("distillation", "--teacher-resume", str, "", "parameters with which a teacher that is "
           "trained along begins", f"{_ALONG} --teacher-resume t.params"),
    _value("distillation", "--teacher-teacher", str, "", "network that teaches an ensemble teacher",
           _TAUGHT),
    _value("distillation", "--tt-params", str, "", "its parameters; without them it is trained "
           "along", f"{_TAUGHT} --tt-params t.params"),
    *_descent("tt-", "distillation", whose="the learning rate of the teacher's teacher"),
    _value("distillation", "--tt-kd-mode", str, "none", "how it teaches",
           f"{_TAUGHT} --tt-kd-mode progressive",
           choices=("none", "simple", "progressive")),
)  # fmt: skip

_OWN = (
    _switch("own", "--compat", "everything as published, also where that is a fault; the "
            "arguments below that are given still hold"),
    _value("own", "--width-multiplier", float, 1.0, "scales the channels of the members and of "
           "an ensemble teacher", "--width-multiplier 0.125"),
    _value("own", "--teacher-width-multiplier", float, 1.0, "scales the channels of --teacher and "
           "of --teacher-teacher", f"{_ALONG} --teacher-width-multiplier 0.5"),
    _value("own", "--temperature", float, 1.0, "divides the logits of both sides of a soft loss",
           "--kd-mode progressive --temperature 2"),
    _value("own", "--kl-reduction", str, None, "over classes; left out: sum, with --compat mean",
           "--kd-mode progressive --kl-reduction mean", choices=("sum", "mean")),
    Argument("own", ("--detach",), "a member is not pulled towards the narrower one that it "
             "teaches; left out: so, with --compat not so", negatable=True,
             example=("--kd-mode", "progressive", "--no-detach")),
    _value("own", "--padding", str, None, "what surrounds a map; left out: zero, with --compat "
           "minus_one", "--padding minus_one", choices=("zero", "minus_one")),
    _value("own", "--attention-axis", str, None, "over which maps are averaged; left out: channels,"
           " with --compat width",
           f"{_FROZEN} --ensemble-teacher --attention-matching -1 --attention-axis width",
           choices=("channels", "width")),
    _value("own", "--member-weights", float, None, "weight of each member's loss, in the order of "
           "--bit-widths; left out: 1 each", "--member-weights 1 2 1", many=True),
    _value("own", "--balance", str, "equal", "gradient_norm: members pull equally at the shared "
           "weights", "--balance gradient_norm", choices=("equal", "gradient_norm")),
)  # fmt: skip

ARGUMENTS: tuple[Argument, ...] = (
    *_MODEL, *_DATA, *_RUNNING, *_OPTIMISER, *_TRAINING, *_TEACHING, *_OWN,
)  # fmt: skip
"""Every argument, in the order of the help."""

GROUPS = {
    "model": "model",
    "data": "data",
    "running": "running",
    "optimizer": "optimiser",
    "training": "training",
    "distillation": "distillation",
    "own": "corrections, and what the release does not have",
}
"""The headings of the help."""
