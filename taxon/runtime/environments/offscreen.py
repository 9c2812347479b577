"""Pictures without a screen."""

import os
import sys


def render_offscreen() -> None:
    """Have MuJoCo and SDL draw without a screen where there is none; to be called before either is imported."""
    # MuJoCo reads this once, when it is first imported; without a screen only EGL draws. SDL draws the classic tasks.
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("MUJOCO_GL", "egl")
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
