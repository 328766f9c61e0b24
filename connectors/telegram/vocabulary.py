"""Telegram's words for what a message is, and for what only stands around it.

Source: Telegram Bot API, "Message", as of Bot API 10.3; words of older servers are named as such.
"""

from typing import Final

FILES: Final = ("animation", "audio", "document", "live_photo", "sticker", "video", "video_note", "voice")
UNTAKEN: Final = (
    *("checklist", "dice", "game", "gift", "giveaway", "giveaway_winners", "invoice", "passport_data", "poll", "story"),
    "unique_gift",
)
"""Said by a person, but without a place in an envelope."""
SERVICE: Final = (
    *("new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo", "pinned_message"),
    *("new_chat_member", "new_chat_participant", "left_chat_participant"),  # before Bot API 3.0
    *("group_chat_created", "supergroup_chat_created", "channel_chat_created", "migrate_to_chat_id", "migrate_from_chat_id"),
    *("community_chat_added", "community_chat_joined", "community_chat_removed", "chat_owner_changed", "chat_owner_left"),
    *("forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened"),
    *("general_forum_topic_hidden", "general_forum_topic_unhidden", "message_auto_delete_timer_changed"),
    *("users_shared", "chat_shared", "user_shared", "write_access_allowed", "connected_website", "managed_bot_created"),
    *("video_chat_scheduled", "video_chat_started", "video_chat_ended", "video_chat_participants_invited"),
    *("voice_chat_scheduled", "voice_chat_started", "voice_chat_ended", "voice_chat_participants_invited"),  # before 6.0
    *("proximity_alert_triggered", "boost_added", "chat_background_set", "refunded_payment", "gift_upgrade_sent"),
    *("checklist_tasks_done", "checklist_tasks_added", "poll_option_added", "poll_option_deleted"),
    *("giveaway_created", "giveaway_completed", "paid_message_price_changed", "direct_message_price_changed"),
    *("suggested_post_approved", "suggested_post_approval_failed", "suggested_post_declined", "suggested_post_paid"),
    "suggested_post_refunded",
)
"""What happened to the chat: somebody joined, it got a new title …"""
AROUND: Final = frozenset(
    {
        *("message_id", "message_thread_id", "ephemeral_message_id", "direct_messages_topic", "business_connection_id"),
        *("from", "sender_chat", "sender_boost_count", "sender_business_bot", "sender_tag", "receiver_user", "chat"),
        *("date", "edit_date", "is_topic_message", "is_automatic_forward", "is_from_offline", "is_paid_post"),
        *("reply_to_message", "external_reply", "quote", "reply_to_story", "reply_to_checklist_task_id"),
        *("reply_to_poll_option_id", "via_bot", "guest_bot_caller_user", "guest_bot_caller_chat", "guest_query_id"),
        *("forward_origin", "forward_from", "forward_from_chat", "forward_from_message_id", "forward_signature"),
        *("forward_sender_name", "forward_date", "has_protected_content", "media_group_id", "author_signature"),
        *("paid_star_count", "entities", "link_preview_options", "suggested_post_info", "effect_id", "caption"),
        *("caption_entities", "show_caption_above_media", "has_media_spoiler", "reply_markup"),
    }
)
"""What comes beside what is said."""
