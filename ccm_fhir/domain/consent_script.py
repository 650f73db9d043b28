"""What a patient is told before consenting to care management, in plain words.

The sentences are this project's own. A rule says which statements must be told; a record keeps
their codes and the version of these words.
"""

from __future__ import annotations

from collections.abc import Mapping

SCRIPT_VERSION = "2026-11"

SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "availability": (
            "Chronic care management is available to you. Between visits our care team helps you "
            "with your care plan and your medicines and works with your other doctors, and you "
            "can reach someone at any time, day or night, when it is urgent."
        ),
        "cost-sharing": (
            "Medicare pays for a part of this service. You may have to pay the rest, and your "
            "deductible may apply, unless another insurance or a program pays it."
        ),
        "one-practitioner": (
            "Only one practitioner can give you this service and be paid for it in a calendar "
            "month."
        ),
        "right-to-stop": (
            "You can stop this service at any time by telling us. It then ends with the last day "
            "of that month."
        ),
    },
    "es": {
        "availability": (
            "El servicio de atención de enfermedades crónicas está a su disposición. Entre "
            "consultas, nuestro equipo le ayuda con su plan de atención y sus medicinas y se "
            "coordina con sus otros médicos, y usted puede hablar con alguien a cualquier hora, "
            "de día o de noche, si es urgente."
        ),
        "cost-sharing": (
            "Medicare paga una parte de este servicio. Es posible que usted tenga que pagar el "
            "resto y que se aplique su deducible, a menos que otro seguro o programa lo pague."
        ),
        "one-practitioner": (
            "Solo un profesional puede darle este servicio y cobrarlo en un mismo mes calendario."
        ),
        "right-to-stop": (
            "Usted puede dejar este servicio en cualquier momento con solo avisarnos. En ese "
            "caso termina el último día de ese mes."
        ),
    },
}

QUESTIONS: Mapping[str, str] = {
    "en": "Do you agree to receive this service from our practice?",
    "es": "¿Está usted de acuerdo en recibir este servicio de nuestro consultorio?",
}
