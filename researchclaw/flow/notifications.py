"""Words to a person when a run waits, fails or ends: a Prefect automation that calls a webhook. The server sends them itself."""

from __future__ import annotations

from prefect.automations import AutomationCore
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import get_client
from prefect.events.actions import CallWebhook
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

NAME = "researchclaw-notifications"
EVENTS = {
    "Paused": "waits at a gate",
    "Waiting": "waits at a gate",
    "Failed": "failed",
    "Crashed": "crashed",
    "Completed": "has ended",
}
"""State of the flow run -> what it means to a person."""

_WORDS = " ".join(f"{{% if flow_run.state.name == '{state}' %}}{said}{{% endif %}}" for state, said in EVENTS.items())
PAYLOAD = (
    "{% set said %}" + _WORDS.replace(" {%", "{%") + "{% endset %}"
    '{"text": {{ (flow_run.name ~ " " ~ said ~ (": " ~ flow_run.state.message if flow_run.state.message else "") ~ " "'
    " ~ flow_run|ui_url)|tojson }}}"
)
"""What Slack, Mattermost, Rocket.Chat and many others take."""


def send_to(url: str) -> str:
    """From now on the server calls `url` with a POST of {"text": …}; an earlier one is replaced. The automation's name."""
    saved = Webhook(method="POST", url=url, headers={"Content-Type": "application/json"}).save(NAME, overwrite=True)
    automation = AutomationCore(
        name=NAME,
        description="Made by `researchclaw server notify`.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{state}" for state in EVENTS},
            match_related=ResourceSpecification({"prefect.resource.role": "flow", "prefect.resource.name": "researchclaw"}),
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[CallWebhook(block_document_id=saved, payload=PAYLOAD)],
    )
    with get_client(sync_client=True) as client:
        for earlier in client.read_automations_by_name(NAME):
            client.delete_automation(earlier.id)
        client.create_automation(automation)
    return NAME
