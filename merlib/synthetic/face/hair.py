"""Hair: where it grows, by hairstyle, and how its strands look."""

import cv2
import numpy as np

from merlib.synthetic.face.canvas import Canvas, blend, darken, paint, sigmoid
from merlib.synthetic.face.identity import Identity
from merlib.synthetic.face.surface import half_width

HAIR = np.array([[22, 18, 17], [42, 29, 22], [78, 52, 34], [120, 82, 48], [176, 142, 92]], np.float32)
GREY = np.array([150, 147, 144], np.float32)


def hair_colour(who: Identity) -> np.ndarray:
    """The person's hair, RGB; light hair goes with light skin, grey with age."""
    colour = blend(HAIR, who.hair_colour * (0.25 + 0.75 * (1 - who.skin_tone) ** 2))
    return colour + (GREY - colour) * np.clip(4 * (who.age - 0.85), 0, 0.6)


def back_hair(canvas: Canvas, who: Identity, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The hair seen behind the head: its silhouette, down to the shoulders when long."""
    return paint(image, _strands(canvas, who, rng) * 0.8, _silhouette(canvas, who, rng))


def front_hair(
    canvas: Canvas, who: Identity, image: np.ndarray, face: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The hair over the forehead and the temples, and its shadow on the skin; `face` is the head's mask."""
    grown = _over_forehead(canvas, who, rng)
    cover = np.clip(grown, 0, 1) * np.maximum(face, _silhouette(canvas, who, rng))
    if who.hairstyle == "shaved":
        return paint(image, hair_colour(who), 0.45 * canvas.blur(cover.astype(np.float32), 0.05))
    shadow = canvas.blur(np.roll(cover, round(0.03 * canvas.unit), axis=0).astype(np.float32), 0.05)
    image = darken(image, 0.35 * shadow * face)
    return paint(image, _strands(canvas, who, rng), cover)


def _silhouette(canvas: Canvas, who: Identity, rng: np.random.Generator) -> np.ndarray:
    volume = {"shaved": 0.0, "tied": 0.05, "curly": who.hair_volume + 0.18}.get(who.hairstyle, who.hair_volume)
    across = canvas.x / (1.08 * who.face_width + 0.8 * volume)
    up = (canvas.y + 0.35) / (1.43 * who.forehead + volume)
    crown = 1 - (np.abs(across) ** 2.5 + np.abs(np.minimum(up, 0.35 * up)) ** 2.5) ** 0.4
    if who.hairstyle == "curly":
        crown = crown + 0.022 * canvas.noise(rng, 0.09)
    elif who.hairstyle != "shaved":
        crown = crown + 0.006 * canvas.noise(rng, 0.05)
    low = {"long": 2.6, "curly": 0.55}.get(who.hairstyle, 0.25)
    dome = canvas.inside(crown.astype(np.float32), 0.03) * sigmoid((low - canvas.y) / 0.05)
    if who.hairstyle == "long":
        curtain = 1.17 * who.face_width + 0.5 * volume + 0.04 * np.sin(3 * canvas.y) - canvas.aside
        dome = np.maximum(dome, canvas.inside(curtain, 0.03) * (canvas.y > -0.4) * sigmoid((2.4 - canvas.y) / 0.1))
    return dome


def _over_forehead(canvas: Canvas, who: Identity, rng: np.random.Generator) -> np.ndarray:
    """1 where hair covers the head: above the hairline and outside the temples."""
    wisps = 0.025 * canvas.noise(rng, 0.05)
    hairline = who.hairline + 0.16 * (canvas.aside / 0.9) ** 3 + wisps[:1]
    if who.hairstyle == "fringe":
        hairline = hairline + 0.3 * np.exp(-((canvas.x / 0.85) ** 4)) + wisps[:1]
    if who.hairstyle in ("parted", "long"):
        away = (canvas.x - who.parting) * np.sign(who.parting)  # the fuller side is where this is negative
        hairline = hairline + np.where(away < 0, 0.32, 0.12) * (1 - np.exp(-np.abs(away) / 0.45)) - 0.04
    temples = half_width(who, canvas.y[:, 0])[:, None] - 0.06 - 0.1 * np.clip(canvas.y + 0.6, 0, 0.25)
    if who.hairstyle == "long":
        temples = who.face_width * (1.0 + 0.05 * np.sin(2.4 * canvas.y + 1)) - 0.05 * np.exp(
            -(((canvas.y - 1.5) / 0.6) ** 2)
        )
    low = {"long": 2.4, "shaved": -0.2, "tied": -0.1, "curly": 0.15}.get(who.hairstyle, 0.2)
    sides = sigmoid((canvas.aside - temples + wisps[:, :1]) / 0.035) * sigmoid((low - canvas.y) / 0.08)
    return np.maximum(sigmoid((hairline - canvas.y) / 0.03), sides)


def _strands(canvas: Canvas, who: Identity, rng: np.random.Generator) -> np.ndarray:
    """Hair (h, w, 3): strands that run down from the parting, with a band of shine; curls for curly hair."""
    if who.hairstyle == "curly":
        grain = 0.2 * canvas.noise(rng, 0.05) + 0.12 * canvas.noise(rng, 0.02)
    else:
        sheet = canvas.noise(rng, 0.012)
        angle = np.arctan2(canvas.x - 0.4 * who.parting, canvas.y + 2.3)
        radius = np.hypot(canvas.x - 0.4 * who.parting, canvas.y + 2.3)
        # a sheet of noise read by angle, and slowly by radius, is drawn out into strands
        column = (angle / np.pi + 1) / 2 * (canvas.shape[1] - 2)
        row = np.mod(0.12 * radius * canvas.unit + 6 * canvas.noise(rng, 0.3), canvas.shape[0] - 2)
        grain = 0.16 * cv2.remap(sheet, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR)
    shine = (
        0.3
        * np.exp(-(((canvas.y + 1.35 - 0.25 * canvas.aside) / 0.16) ** 2))
        * canvas.bump(0.6 * who.light_x, -1.3, 0.6, 0.5)
    )
    return hair_colour(who) * np.clip(0.85 + grain + shine, 0.3, 1.6)[..., None]
