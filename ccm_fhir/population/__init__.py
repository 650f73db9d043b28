"""Population sweeps: bulk NDJSON in, each patient's standing out, at disk speed.

Lines become facts by the one ``extract`` (``fhir``), facts are sorted by patient through the disk,
and each patient is judged by the one ``screen`` (``domain``): the judgement of the patient screen.
"""

from ccm_fhir.population.accounting import Accounting
from ccm_fhir.population.asking import Asking
from ccm_fhir.population.plan import SweepPlan, plan_sweep
from ccm_fhir.population.pools import LocalPool, Pool
from ccm_fhir.population.runner import Progress, run_sweep

__all__ = [
    "Accounting",
    "Asking",
    "LocalPool",
    "Pool",
    "Progress",
    "SweepPlan",
    "plan_sweep",
    "run_sweep",
]
