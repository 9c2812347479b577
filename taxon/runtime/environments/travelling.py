"""Whether a recipe reaches another process, which has this one's modules but not its program."""

from multiprocessing.reduction import ForkingPickler

from taxon.runtime.environments.recipe import Recipe


def travels(recipe: Recipe) -> bool:
    """Whether a worker process can be sent it: not a function that is defined in the program itself, in a notebook or
    in another function."""
    if recipe.factory is None:
        return True
    try:
        sent = bytes(ForkingPickler.dumps(recipe.factory))
    except Exception:  # an object may raise anything when it is packed
        return False
    return b"__main__" not in sent
