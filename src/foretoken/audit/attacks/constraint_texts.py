"""What honest replies to instructions are made of: plain sentences, without commas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class AskedTopic:
    """Something that is asked about, and what is true of it."""

    request: str
    title: str
    facts: Sequence[str]
    """Sentences; each key word stands in the first three."""
    words: tuple[str, str]
    """Key words that an honest reply has."""


TOPICS: Mapping[str, AskedTopic] = {
    "bees": AskedTopic(
        "Explain how honey is made.",
        "How Honey Is Made",
        (
            "Bees collect nectar from flowers and carry it home in a second stomach.",
            "In the hive they pass the nectar from mouth to mouth until it is thick.",
            "Then they fan it with their wings so that its water dries away.",
            "When the honey is ready they close each cell with wax.",
            "A hive can store more than twenty kilograms of it in a good summer.",
            "The bees live on this store through the cold months.",
        ),
        ("nectar", "hive"),
    ),
    "tides": AskedTopic(
        "Explain why the sea has tides.",
        "Why the Sea Has Tides",
        (
            "The moon pulls at the water of the sea by its gravity.",
            "Water nearest to the moon is pulled a little more than the earth itself.",
            "So two broad waves stand in the oceans and the earth turns beneath them.",
            "A coast therefore meets high water about twice a day.",
            "When the sun pulls along the same line the tide is higher than usual.",
            "Bays that narrow towards the land make it higher still.",
        ),
        ("moon", "gravity"),
    ),
    "bread": AskedTopic(
        "Describe how bread is baked.",
        "How Bread Is Baked",
        (
            "Bread begins with flour and water and a little salt and yeast.",
            "The dough is kneaded until it is smooth and no longer sticks to the hand.",
            "It rests in a warm place while the yeast fills it with small bubbles.",
            "After an hour or two the baker shapes a loaf and lets it rise again.",
            "A hot oven turns the outside brown and sets the crumb within.",
            "A good loaf sounds hollow when somebody knocks on its base.",
        ),
        ("yeast", "dough"),
    ),
    "trains": AskedTopic(
        "Tell me how a railway signal keeps trains apart.",
        "Keeping Trains Apart",
        (
            "A railway line is cut into blocks and each block holds one train at most.",
            "A signal stands at the begin of each block and shows red while it is taken.",
            "Wheels and axle of a train close a circuit that tells the signal box so.",
            "The driver of the next train has to wait until the light is green.",
            "Older lines did the same with a staff that only one driver could carry.",
            "If the circuit fails the light stays red and nobody comes to harm.",
        ),
        ("signal", "block"),
    ),
}

GERMAN = AskedTopic(
    "Explain how honey is made.",
    "Wie Honig entsteht",
    (
        "Die Bienen sammeln Nektar aus den Blüten und tragen ihn in den Stock.",
        "Dort geben sie ihn von Mund zu Mund weiter bis er dick wird.",
        "Dann trocknen sie ihn mit dem Schlag ihrer Flügel.",
        "Wenn der Honig reif ist verschließen sie jede Zelle mit Wachs.",
        "Ein Volk kann in einem guten Sommer mehr als zwanzig Kilogramm lagern.",
        "Von diesem Vorrat leben die Bienen in der kalten Zeit.",
    ),
    ("Nektar", "Honig"),
)
