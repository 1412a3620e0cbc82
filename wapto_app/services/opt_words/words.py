"""The built-in words, by language, and what is answered to them.

Kept to what nobody writes by accident in an ordinary chat: *cancel* and *end*, which American carriers also take for
STOP, are how customers cancel an appointment. An owner who wants them adds them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """``out`` and ``back`` are whole messages; ``goodbye`` and ``welcome`` what is answered unless the owner writes
    something else."""

    code: str
    name: str
    out: tuple[str, ...]
    back: tuple[str, ...]
    goodbye: str
    welcome: str


LANGUAGES: tuple[Language, ...] = (
    Language(
        "en",
        "English",
        ("stop", "stop all", "stopall", "unsubscribe", "opt out", "optout", "remove me", "stop messages"),
        ("start", "unstop", "subscribe", "opt in", "optin", "resume"),
        "You will get no more messages from us. Write START if you change your mind.",
        "Welcome back. You will get our messages again. Write STOP to end them.",
    ),
    Language(
        "es",
        "Español",
        (
            "baja",
            "parar",
            "detener",
            "darme de baja",
            "dar de baja",
            "cancelar suscripción",
            "no más mensajes",
            "no quiero más mensajes",
            "desuscribir",
            "desuscribirme",
        ),
        ("alta", "reanudar", "suscribir", "suscribirme", "volver", "darme de alta"),
        "No recibirás más mensajes nuestros. Escribe ALTA si cambias de opinión.",
        "Te damos la bienvenida de nuevo. Volverás a recibir nuestros mensajes. Escribe BAJA para dejarlos.",
    ),
    Language(
        "pt",
        "Português",
        (
            "pare",
            "parar",
            "sair",
            "descadastrar",
            "cancelar inscrição",
            "não quero mais mensagens",
            "remover",
            "parar mensagens",
        ),
        ("voltar", "retomar", "inscrever", "cadastrar", "quero receber"),
        "Você não receberá mais mensagens nossas. Escreva VOLTAR se mudar de ideia.",
        "Que bom ter você de volta. Você voltará a receber nossas mensagens. Escreva SAIR para parar.",
    ),
    Language(
        "fr",
        "Français",
        (
            "stop",
            "arrêt",
            "arrêter",
            "arrêtez",
            "désabonner",
            "désabonnement",
            "me désabonner",
            "désinscription",
            "plus de messages",
        ),
        ("start", "reprendre", "abonner", "m'abonner", "réabonner"),
        "Vous ne recevrez plus de messages de notre part. Écrivez REPRENDRE si vous changez d'avis.",
        "Bon retour parmi nous. Vous recevrez de nouveau nos messages. Écrivez STOP pour les arrêter.",
    ),
    Language(
        "de",
        "Deutsch",
        (
            "stop",
            "stopp",
            "abmelden",
            "abbestellen",
            "austragen",
            "keine nachrichten",
            "keine nachrichten mehr",
            "abmeldung",
        ),
        ("start", "anmelden", "wieder anmelden", "fortsetzen"),
        "Sie bekommen keine Nachrichten mehr von uns. Schreiben Sie START, wenn Sie es sich anders überlegen.",
        "Willkommen zurück. Sie bekommen wieder Nachrichten von uns. Mit STOPP beenden Sie sie.",
    ),
    Language(
        "hi",
        "हिन्दी",
        (
            "रोकें",
            "रोको",
            "रुको",
            "बंद",
            "बंद करें",
            "बंद करो",
            "बंद कीजिए",
            "संदेश बंद करें",
            "सदस्यता रद्द करें",
            "स्टॉप",
            "band karo",
            "band kare",
        ),
        ("शुरू", "शुरू करें", "शुरू करो", "चालू करें", "स्टार्ट", "shuru karo", "chalu karo"),
        "अब आपको हमारी ओर से कोई संदेश नहीं मिलेगा। मन बदले तो शुरू लिखें।",
        "फिर से स्वागत है। अब आपको हमारे संदेश फिर मिलेंगे। रोकने के लिए बंद लिखें।",
    ),
    Language(
        "ar",
        "العربية",
        (
            "توقف",
            "إيقاف",
            "أوقف",
            "أوقفوا",
            "قف",
            "إلغاء الاشتراك",
            "الغي الاشتراك",
            "إيقاف الرسائل",
            "ستوب",
        ),
        ("ابدأ", "بدء", "اشتراك", "استئناف", "تفعيل"),
        "لن تصلك رسائل منا بعد الآن. أرسل «ابدأ» إذا غيّرت رأيك.",
        "أهلاً بعودتك. ستصلك رسائلنا من جديد. أرسل «توقف» لإيقافها.",
    ),
    Language(
        "id",
        "Bahasa Indonesia",
        ("berhenti", "stop", "henti", "hentikan", "hentikan pesan", "berhenti langganan", "keluar"),
        ("mulai", "lanjut", "lanjutkan", "langganan", "berlangganan", "aktifkan"),
        "Anda tidak akan menerima pesan dari kami lagi. Tulis MULAI jika Anda berubah pikiran.",
        "Selamat datang kembali. Anda akan menerima pesan kami lagi. Tulis BERHENTI untuk menghentikannya.",
    ),
)
BY_CODE = {language.code: language for language in LANGUAGES}
