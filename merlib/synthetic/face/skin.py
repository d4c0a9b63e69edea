"""The colours of the skin: complexion, marks, lips, nostrils and beard. Every layer maps an image to an image."""

import numpy as np

from merlib.synthetic.face.canvas import Canvas, blend, darken, paint, sigmoid
from merlib.synthetic.face.identity import Identity, chin_y
from merlib.synthetic.face.surface import half_width

SKIN = np.array(
    [[243, 209, 188], [234, 192, 165], [218, 172, 138], [192, 142, 108], [152, 104, 76], [108, 73, 54]], np.float32
)


def skin_colour(who: Identity) -> np.ndarray:
    """The person's skin, RGB."""
    return blend(SKIN, who.skin_tone)


def complexion(canvas: Canvas, who: Identity, rng: np.random.Generator) -> np.ndarray:
    """Bare skin (h, w, 3): redder on cheeks, nose and chin, mottled at three scales, dark under the eyes."""
    skin = np.broadcast_to(skin_colour(who), (*canvas.shape, 3))
    blush = 0.5 * canvas.bumps(0.64, 0.52, 0.26, 0.22) + 0.45 * canvas.bump(0, who.nose_y - 0.1, 0.16, 0.12)
    blush = (blush + 0.25 * canvas.bump(0, chin_y(who) - 0.26, 0.2, 0.12))[..., None]
    skin = skin * (1 + blush * np.array([0.03, -0.08, -0.07], np.float32))
    mottle = 0.02 * canvas.noise(rng, 0.13) + 0.014 * canvas.noise(rng, 0.045) + 0.014 * canvas.noise(rng, 0.014)
    skin = skin * (1 + mottle)[..., None]
    return darken(skin, (0.06 + 0.12 * who.age) * canvas.bumps(0.46, 0.16, 0.17, 0.05))


def marks(canvas: Canvas, who: Identity, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Freckles and moles."""
    dots = np.clip(canvas.noise(rng, 0.013) - 1.2, 0, 1) * who.freckles
    image = darken(
        image, 0.2 * dots * np.clip(canvas.bumps(0.5, 0.42, 0.3, 0.18) + canvas.bump(0, 0.35, 0.2, 0.2), 0, 1)
    )
    for _ in range(who.num_moles):
        size = rng.uniform(0.012, 0.022)
        image = darken(image, 0.35 * canvas.bump(rng.uniform(-0.8, 0.8), rng.uniform(-0.7, 1.5), size, size))
    return image


def lips(canvas: Canvas, who: Identity, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The red of the lips, the line between them and the corners of the mouth."""
    along = canvas.x / who.mouth_width
    fullness = np.clip(1 - along**2, 0, 1)
    between = who.mouth_y + who.mouth_curve * 2 * along**2 - 0.01 * np.cos(6 * along) * fullness
    bow = 1 + 0.25 * np.exp(-(((canvas.aside - 0.09) / 0.06) ** 2)) - 0.25 * np.exp(-((canvas.x / 0.04) ** 2))
    top, bottom = between - who.upper_lip * fullness**0.85 * bow, between + who.lower_lip * fullness**0.7
    red_part = np.abs(along) < 1
    upper = canvas.inside(np.minimum(canvas.y - top, between - canvas.y), 0.012) * red_part
    lower = canvas.inside(np.minimum(bottom - canvas.y, canvas.y - between), 0.018) * red_part
    red = skin_colour(who) * [0.86, 0.6, 0.6] + [8, 2, 5]
    grain = (1 + 0.03 * canvas.noise(rng, 0.02))[..., None]
    image = paint(image, red * 0.88 * grain, 0.85 * upper)
    image = paint(image, red * grain, 0.75 * lower)
    gap = np.exp(-0.5 * ((canvas.y - between) / (0.012 + 0.4 / canvas.unit)) ** 2)
    image = darken(image, 0.55 * gap * sigmoid((who.mouth_width * 1.02 - canvas.aside) / 0.015))
    return darken(image, 0.25 * canvas.bumps(who.mouth_width, who.mouth_y + 2 * who.mouth_curve, 0.03, 0.022))


def nostrils(canvas: Canvas, who: Identity, image: np.ndarray) -> np.ndarray:
    """The nostrils and the crease beside each wing of the nose."""
    base, wide = who.nose_y, who.nose_width
    image = darken(image, 0.65 * canvas.bumps(0.09 * wide, base + 0.005, 0.042 * wide, 0.018))
    return darken(image, 0.22 * canvas.bumps(0.24 * wide, base - 0.06, 0.02, 0.06))


def beard(canvas: Canvas, who: Identity, image: np.ndarray, hair: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Stubble to full beard in the colour `hair`, on jaw, chin and upper lip."""
    if who.beard == 0:
        return image
    width = np.maximum(half_width(who, canvas.y[:, 0])[:, None], 1e-3)
    outward = canvas.aside / width
    jaw = sigmoid((canvas.y - 1.28 + 0.75 * outward**2) / 0.05) * (1 - 0.75 * canvas.bump(0, who.mouth_y, 0.36, 0.12))
    moustache = canvas.bumps(0.17, (who.nose_y + who.mouth_y) / 2 + 0.03, 0.17, 0.055)
    density = np.clip(jaw + 0.9 * moustache, 0, 1) * sigmoid((canvas.y - 0.35) / 0.06)
    grain = np.clip(0.9 + 0.14 * canvas.noise(rng, 0.01) + 0.08 * canvas.noise(rng, 0.07), 0, 1.2)
    return paint(image, hair * 0.8, np.clip(who.beard * density * grain, 0, 1))
