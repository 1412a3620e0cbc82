"""How the work with customers goes: figures from the events at the desk, what is behind them, and scored reviews."""

from wapto_app.services.review.behind import ChatRow, Chats, Figure, agents_of, conversations
from wapto_app.services.review.export import CsvFile, export
from wapto_app.services.review.figures import (
    AgentFigures,
    Bar,
    Board,
    Figures,
    TeamFigures,
    bars,
    board,
    teams_board,
)
from wapto_app.services.review.periods import CUSTOM, LAST, TODAY, Period, period
from wapto_app.services.review.rubric import TOPIC, Criterion, rubric, save_rubric
from wapto_app.services.review.scope import Choice, teams
from wapto_app.services.review.scores import (
    ReviewRow,
    Score,
    delete_review,
    edit_review,
    reviews_of_agent,
    reviews_of_conversation,
    write_review,
)

__all__ = [
    "CUSTOM",
    "LAST",
    "TODAY",
    "TOPIC",
    "AgentFigures",
    "Bar",
    "Board",
    "ChatRow",
    "Chats",
    "Choice",
    "Criterion",
    "CsvFile",
    "Figure",
    "Figures",
    "Period",
    "ReviewRow",
    "Score",
    "TeamFigures",
    "agents_of",
    "bars",
    "board",
    "conversations",
    "delete_review",
    "edit_review",
    "export",
    "period",
    "reviews_of_agent",
    "reviews_of_conversation",
    "rubric",
    "save_rubric",
    "teams",
    "teams_board",
    "write_review",
]
