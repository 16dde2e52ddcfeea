"""No code of the shunts calls what each family of CPU approximates in its own way."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "reproductions" / "shunt"
FRAMEWORKS = {"tf", "tensorflow", "keras"}
APPROXIMATE = {
    *("rsqrt", "reciprocal", "reciprocal_no_nan", "softmax", "Softmax", "gelu"),
    *("l2_normalize", "normalize", "batch_normalization", "fused_batch_norm"),
    *("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization"),
    *("UnitNormalization", "SpectralNormalization", "MultiHeadAttention", "Attention"),
    *("BinaryCrossentropy", "binary_crossentropy", "sigmoid_cross_entropy_with_logits"),
    *("KLDivergence", "kl_divergence"),
    # The values are exact; the gradients are not.
    *("log", "log1p", "log2", "log10", "atan", "arctan"),
}
"""Last names of TensorFlow's and Keras's functions and classes, by the probes of four CPUs."""

ALLOWED = {
    # The base class, whose forward pass is replaced.
    "normalisation.py": ["keras.layers.BatchNormalization"],
    # Compared with a user's layers and not called; the logarithm is for networks of users, whose
    # softmax is no layer, and whose bytes nobody promises.
    "models/__init__.py": ["keras.activations.softmax", "keras.layers.Softmax", "keras.ops.log"],
    # No gradient is taken: the loss of what a model answered, and bounds.
    "connector/judge.py": ["tf.math.log"],
    # With a gradient of its own, and twice of a constant.
    "losses/dark_knowledge.py": ["tf.math.log", "tf.math.log", "tf.math.log"],
}


def approximations(code):
    """Return, sorted, what of `APPROXIMATE` a module takes of the frameworks."""
    found = []
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Attribute(attr=name) if name in APPROXIMATE:
                written = ast.unparse(node)
                if written.partition(".")[0] in FRAMEWORKS:
                    found.append(written)
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in FRAMEWORKS:
                names = (one.name for one in node.names)
                found += [f"{module}.{name}" for name in names if name in APPROXIMATE]
            case ast.keyword(arg="activation", value=ast.Constant(value=str(name))):
                found += [name] if name in APPROXIMATE else []
    return sorted(found)


def test_nothing_is_approximated():
    """Each use of an approximate operation is one of those that are allowed, with a reason."""
    modules = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    found = {name: approximations(path.read_text()) for name, path in modules.items()}

    assert {name: uses for name, uses in found.items() if uses} == ALLOWED


@pytest.mark.parametrize(
    "code",
    [
        "tf.math.rsqrt(x)",
        "y = keras.layers.BatchNormalization()(x)",
        "from keras.layers import Dense, LayerNormalization",
        "keras.layers.Dense(10, activation='softmax')(x)",
        "def f(x):\n    return tf.nn.l2_normalize(x, -1)",
    ],
)
def test_approximation_is_found(code):
    """Attributes, imports and names of activations are seen."""
    assert len(approximations(code)) == 1


@pytest.mark.parametrize(
    "code",
    ["normalisation.softmax(x)", "np.log(x)", "tf.nn.log_softmax(x)", "Activation('softmax')"],
)
def test_exact_operation_is_passed_over(code):
    """Functions of our own and of NumPy are no finding."""
    assert approximations(code) == []
