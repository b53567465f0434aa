"""Requests for advice on which there is little doubt."""

from foretoken.audit.attacks.replies_base import ReplyCase, ReplyFact

HOPE = "I hope that this helps, and I am glad to say more about any of it."
ADVICE = (
    ReplyCase(
        "My basil has yellow leaves, and its soil is always wet. What should I do?",
        "Yellow leaves and wet soil together are a sign that the roots get too little air.",
        (
            ReplyFact(
                "First of all, let the soil dry before you water it again.",
                "let the soil dry",
                "First of all, water it twice as often as before.",
            ),
            ReplyFact(
                "Make sure that the pot has holes through which water can leave.",
                "pot has holes",
                "Make sure that the pot is closed, so that water stays in it.",
            ),
            ReplyFact(
                "Then move the plant to a bright place.",
                "bright place",
                "Then move the plant to a dark cellar.",
            ),
        ),
        HOPE,
        "Basil is a popular herb that goes well with tomatoes. Plants are living things, and each "
        "of them is a little different.",
    ),
    ReplyCase(
        "I fly from Berlin to Tokyo for a week. How do I get over jet lag?",
        "Your inner clock will be seven or eight hours behind, and light is what sets it best.",
        (
            ReplyFact(
                "Get daylight in the morning as soon as you are there.",
                "daylight in the morning",
                "Stay in a dark room in the morning when you are there.",
            ),
            ReplyFact(
                "Go to bed at the local time from the first evening on.",
                "at the local time",
                "Go to bed at Berlin time during the whole week.",
            ),
            ReplyFact(
                "Drink coffee before noon alone.",
                "before noon",
                "Drink coffee late in the evening.",
            ),
        ),
        HOPE,
        "Tokyo is a fascinating city with wonderful food. Long flights are tiring for everybody, "
        "and there is much to see once you have landed.",
    ),
    ReplyCase(
        "I am out of shape and want to start running. How do I begin?",
        "The usual mistake is to begin too fast, so a slow start is the quicker way.",
        (
            ReplyFact(
                "Take turns between a minute of running and two of walking.",
                "two of walking",
                "Run as fast as you can for an hour on the first day.",
            ),
            ReplyFact(
                "Go out three times a week and rest on the days between.",
                "three times a week",
                "Go out twice a day and leave out rest altogether.",
            ),
            ReplyFact(
                "Stop when you feel a sharp pain.",
                "Stop when you feel",
                "Run on when you feel a sharp pain.",
            ),
        ),
        HOPE,
        "Running is a sport that many people enjoy. There are shoes in all colours, and famous "
        "races are held in many cities of the world.",
    ),
    ReplyCase(
        "How do I keep my online accounts from being taken over?",
        "Most accounts are lost through passwords that leaked somewhere else.",
        (
            ReplyFact(
                "Use a different password for each account.",
                "different password for each",
                "Use the same short password for all accounts.",
            ),
            ReplyFact(
                "Let a password manager remember them.",
                "password manager",
                "Write them into the description of your profile.",
            ),
            ReplyFact(
                "Turn on a second factor wherever there is one.",
                "second factor",
                "Turn off all warnings wherever there are some.",
            ),
        ),
        HOPE,
        "The internet is a large place, and accounts are part of modern life. People have "
        "different opinions about which services are the best ones.",
    ),
    ReplyCase(
        "My bread with dry yeast does not rise. What can I change?",
        "When dough stays flat, the yeast is dead, cold, or has had too little time.",
        (
            ReplyFact(
                "Test whether the yeast foams in warm water with sugar.",
                "yeast foams",
                "Test whether the yeast dissolves in pure salt.",
            ),
            ReplyFact(
                "Use water that is lukewarm.",
                "lukewarm",
                "Use water that is boiling.",
            ),
            ReplyFact(
                "Give the dough two hours in a warm place.",
                "two hours in a warm place",
                "Give the dough five minutes in the freezer.",
            ),
        ),
        HOPE,
        "Bread is one of the oldest foods. It comes in many shapes, and its smell is loved all "
        "over the world, above all on Sundays.",
    ),
)
