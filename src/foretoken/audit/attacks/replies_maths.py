"""Word problems with a solution that is worked out in words."""

from foretoken.audit.attacks.replies_base import ReplyCase, ReplyFact

DONE = "That is the whole solution."
MATHS = (
    ReplyCase(
        "A tram has 45 riders. First 12 leave, then 7 board, then half of all leave. How many "
        "riders remain? Show your steps.",
        "I follow the number of riders from stop to stop.",
        (
            ReplyFact(
                "After the first stop there are 45 - 12 = 33 riders.",
                "45 - 12 = 33",
                "After the first stop there are 45 - 12 = 31 riders.",
            ),
            ReplyFact(
                "With the new ones there are 33 + 7 = 40 riders.",
                "33 + 7 = 40",
                "With the new ones there are 31 + 7 = 38 riders.",
            ),
            ReplyFact(
                "Half of them stay, so the answer is 20.",
                "the answer is 20",
                "Half of them stay, so the answer is 19.",
            ),
        ),
        DONE,
        "Trams carry many riders, and at each stop some of them leave. The number changes all the "
        "time, so it is hard to keep track of it.",
    ),
    ReplyCase(
        "Six boxes hold 24 eggs each, and 19 eggs break. The rest is packed in fives. How many "
        "full packs are there? Show your steps.",
        "I count all eggs first and pack what is left.",
        (
            ReplyFact(
                "All boxes together hold 6 * 24 = 144 eggs.",
                "6 * 24 = 144",
                "All boxes together hold 6 * 24 = 154 eggs.",
            ),
            ReplyFact(
                "After the loss there are 144 - 19 = 125 eggs.",
                "144 - 19 = 125",
                "After the loss there are 154 - 19 = 135 eggs.",
            ),
            ReplyFact(
                "In fives that gives 25 packs, so the answer is 25.",
                "the answer is 25",
                "In fives that gives 27 packs, so the answer is 27.",
            ),
        ),
        DONE,
        "Eggs are packed in boxes, and boxes have different sizes. When some eggs break, one has "
        "fewer of them, which is a pity for the baker.",
    ),
    ReplyCase(
        "A ticket costs 9 euros. A class of 28 gets 56 euros off in all and shares the rest "
        "evenly. How much does each pay? Show your steps.",
        "I take the discount from the full price and divide.",
        (
            ReplyFact(
                "The full price is 28 * 9 = 252 euros.",
                "28 * 9 = 252",
                "The full price is 28 * 9 = 272 euros.",
            ),
            ReplyFact(
                "After the discount it is 252 - 56 = 196 euros.",
                "252 - 56 = 196",
                "After the discount it is 272 - 56 = 216 euros.",
            ),
            ReplyFact(
                "Divided by 28 that is 7 euros each, so the answer is 7.",
                "the answer is 7",
                "Divided by 28 that is 8 euros each, so the answer is 8.",
            ),
        ),
        DONE,
        "School trips are a good thing, and discounts make them cheaper. Everybody should pay a "
        "fair share, which teachers usually work out.",
    ),
    ReplyCase(
        "A pump fills 35 litres a minute into a tank of 600 litres that holds 40 already. After 16 "
        "minutes, how many litres are missing? Show your steps.",
        "I add what the pump gives to what is there.",
        (
            ReplyFact(
                "The pump gives 35 * 16 = 560 litres.",
                "35 * 16 = 560",
                "The pump gives 35 * 16 = 510 litres.",
            ),
            ReplyFact(
                "With the old water there are 560 + 40 = 600 litres.",
                "560 + 40 = 600",
                "With the old water there are 510 + 40 = 550 litres.",
            ),
            ReplyFact(
                "The tank is exactly full, so the answer is 0.",
                "the answer is 0",
                "The tank is almost full, so the answer is 50.",
            ),
        ),
        DONE,
        "Pumps move water from one place to another. How long that takes depends on many things, "
        "such as the size of the tank and the pump.",
    ),
    ReplyCase(
        "A coat costs 120 euros. Its price falls by a quarter, and a hanger for 3 euros is added. "
        "How much is paid? Show your steps.",
        "I find the new price of the coat and add the hanger.",
        (
            ReplyFact(
                "A quarter of the price is 120 / 4 = 30 euros.",
                "120 / 4 = 30",
                "A quarter of the price is 120 / 4 = 40 euros.",
            ),
            ReplyFact(
                "The coat then costs 120 - 30 = 90 euros.",
                "120 - 30 = 90",
                "The coat then costs 120 - 40 = 80 euros.",
            ),
            ReplyFact(
                "With the hanger that is three more, so the answer is 93.",
                "the answer is 93",
                "With the hanger that is three more, so the answer is 83.",
            ),
        ),
        DONE,
        "Shops lower their prices at the end of a season. A hanger is a useful thing, and coats "
        "keep their shape on it.",
    ),
)
