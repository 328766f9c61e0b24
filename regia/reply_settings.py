"""What replies may have: the section `replies` of the configuration."""

from pydantic import BaseModel, ConfigDict, Field


class Replies(BaseModel):
    """What may be sent with replies. A channel may take less (docs/channels)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    max_files: int = Field(default=10, ge=0, le=100, description="Most files of one reply; 0 for none.")
    max_file_mb: int = Field(default=20, ge=1, le=100, description="Largest file of a reply, in MB.")
    max_files_mb: int = Field(
        default=20, ge=1, le=200, description="All files of one reply together, in MB; mails grow by a third on their way."
    )
