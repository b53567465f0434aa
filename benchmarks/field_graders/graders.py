"""All graders of the field that are audited."""

from field_grader import FieldGrader
from rewards import REWARDS
from scorers import SCORERS

GRADERS: tuple[FieldGrader, ...] = (*REWARDS, *SCORERS)
