"""Tunes: what they search, where and how, checked as far as that is known before the first trial. Nothing here runs."""

from taxon.semantics.tuning.data import tune_data
from taxon.semantics.tuning.expanding import Expanded, expand
from taxon.semantics.tuning.meeting import meetings
from taxon.semantics.tuning.model import Dimension, Method, Numbers, Tune
from taxon.semantics.tuning.summary import summary

__all__ = ["Dimension", "Expanded", "Method", "Numbers", "Tune", "expand", "meetings", "summary", "tune_data"]
