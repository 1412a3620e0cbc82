"""Templates: the list, the page of one, the editor, and those to begin with."""

from state.templates.beginning import NewTemplate
from state.templates.details import TemplateDetails
from state.templates.editing import TemplateEditing
from state.templates.listing import TemplateList
from state.templates.removing import TemplateRemoval

__all__ = ["NewTemplate", "TemplateDetails", "TemplateEditing", "TemplateList", "TemplateRemoval"]
