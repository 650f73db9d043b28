"""An independent answer to a sweep's question: SQL by hand, run by DuckDB on the same files.

It shares no code with the product, nor with the generator's reasoning. It knows the codes that a
generated population uses, and reads exports without broken lines (or passes over what DuckDB
cannot read, which is less than the product can say of it).
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb

from fhir_fixtures.practice.population.diseases import CHRONIC, SPREAD

_CODING = "STRUCT(system VARCHAR, code VARCHAR)"
_CONCEPT = f'STRUCT(coding {_CODING}[], "text" VARCHAR)'
_REFERENCE = "STRUCT(reference VARCHAR)"
_META = 'STRUCT("versionId" VARCHAR, "lastUpdated" VARCHAR)'
_PERIOD = 'STRUCT("start" VARCHAR, "end" VARCHAR)'
_COLUMNS = {
    "Patient": {
        "id": "VARCHAR",
        "meta": _META,
        "deceasedBoolean": "BOOLEAN",
        "deceasedDateTime": "VARCHAR",
    },
    "Condition": {
        "id": "VARCHAR",
        "meta": _META,
        "subject": _REFERENCE,
        "code": _CONCEPT,
        "clinicalStatus": _CONCEPT,
        "verificationStatus": _CONCEPT,
    },
    "Coverage": {
        "id": "VARCHAR",
        "meta": _META,
        "beneficiary": _REFERENCE,
        "status": "VARCHAR",
        "type": _CONCEPT,
        "class": 'STRUCT("name" VARCHAR)[]',
        "period": _PERIOD,
    },
    "Encounter": {
        "id": "VARCHAR",
        "meta": _META,
        "subject": _REFERENCE,
        "status": "VARCHAR",
        "class": "STRUCT(code VARCHAR)",
        "type": f"{_CONCEPT}[]",
        "period": _PERIOD,
    },
    "Claim": {
        "id": "VARCHAR",
        "meta": _META,
        "patient": _REFERENCE,
        "status": "VARCHAR",
        "use": "VARCHAR",
        "item": 'STRUCT("servicedDate" VARCHAR, "productOrService" ' + _CONCEPT + ")[]",
    },
    "Consent": {
        "id": "VARCHAR",
        "meta": _META,
        "patient": _REFERENCE,
        "status": "VARCHAR",
        "category": f"{_CONCEPT}[]",
        "dateTime": "VARCHAR",
        "provision": f"STRUCT(period {_PERIOD})",
    },
    "CarePlan": {
        "id": "VARCHAR",
        "meta": _META,
        "subject": _REFERENCE,
        "status": "VARCHAR",
        "period": _PERIOD,
        "addresses": f"{_REFERENCE}[]",
        "goal": f"{_REFERENCE}[]",
    },
}

_ANSWER = """
with meaning as (
    select system, code, first(family) family, first(named) is_named, first(grp) grp
    from families group by all
),
coded as (
    select c.subject.reference patient, 'Condition/' || c.id ref,
        coalesce(c.clinicalStatus.coding[1].code, '') clinical,
        coalesce(c.verificationStatus.coding[1].code, '') verified,
        len(coalesce(c.code.coding, [])) codings,
        unnest(case when len(coalesce(c.code.coding, [])) = 0 then [null] else c.code.coding end) k
    from Condition c
),
conditions as (
    select patient, ref, clinical, verified, codings, first(m.family) family
    from coded left join meaning m on m.system = k.system and m.code = k.code
    where clinical <> 'resolved' and verified not in ('refuted', 'entered-in-error')
    group by all
),
standing as (
    select patient, ref, family,
        case when codings = 0 then 'doubt'
             when family is null then 'no'
             when verified = 'confirmed' and clinical = 'active' then 'counts'
             else 'doubt' end answer
    from conditions
),
raw_families as (
    select patient, family, list(ref) evidence from standing where answer = 'counts' group by all
),
distinct_families as (
    select * from raw_families f where not (family = 'cancer_metastatic' and exists (
        select 1 from raw_families p where p.patient = f.patient and p.family = 'cancer_breast'))
),
fam as (
    select patient, list_sort(list(d.family)) families, list_sort(flatten(list(evidence))) evidence,
        count(*) n,
        count(distinct case when m.is_named then coalesce(nullif(m.grp, ''), d.family) end) apart
    from distinct_families d
    join (select distinct family, is_named, grp from meaning) m using (family)
    group by all
),
doubts as (
    select s.patient,
        count(distinct case when f.family is null then s.family end)
        + count(*) filter (s.family is null) more
    from standing s
    left join distinct_families f on f.patient = s.patient and f.family = s.family
    where answer = 'doubt' group by all
),
covered as (
    select c.beneficiary.reference patient,
        bool_or(kind in ('b', 'advantage') and ends >= $last) whole,
        bool_or(kind = 'unspecified'
            or (kind = 'b' and ends >= $first and ends < $last)) doubt
    from (
        select *, coalesce(c.period."end", '9999-12-31') ends,
            case when c."class"[1].name like '%Part B%' then 'b'
                 when c."class"[1].name like '%Medicare Advantage%' then 'advantage'
                 when c."type".coding[1].code = '1' then 'unspecified' else 'other' end kind
        from Coverage c where c.status = 'active'
    ) c group by all
),
away as (
    select subject.reference patient, bool_or(
        "class".code = 'IMP' and period."start"[:10] <= $first and period."end"[:10] >= $last
    ) is_away
    from Encounter group by all
),
elsewhere as (
    select distinct patient.reference patient from Claim
    where status = 'active' and "use" = 'claim'
      and item[1].productOrService.coding[1].code = '99490'
      and item[1].servicedDate between $first and $last
),
consented as (
    select patient.reference patient, bool_or(status = 'inactive') revoked,
        bool_or(status = 'active') given
    from Consent group by all
),
planned as (
    select subject.reference patient, bool_or(len(addresses) > 0 and len(goal) > 0) has_plan
    from CarePlan where status = 'active' group by all
),
answers as (
    select 'Patient/' || p.id patient,
        coalesce(fam.families, []) families, coalesce(fam.evidence, []) evidence,
        case when coalesce(apart, 0) >= 2 then 'yes'
             when coalesce(fam.n, 0) + coalesce(more, 0) >= 2 then 'unknown' else 'no' end two,
        case when coalesce(whole, false) then 'yes'
             when doubt is null or doubt then 'unknown' else 'no' end medicare,
        case when p.deceasedDateTime is not null and p.deceasedDateTime[:10] < $first then 'no'
             when p.deceasedBoolean and p.deceasedDateTime is null then 'unknown'
             else 'yes' end life,
        coalesce(is_away, false) is_away, e.patient is not null is_elsewhere,
        coalesce(revoked, false) and not coalesce(given, false) is_revoked,
        coalesce(given, false) has_consent, coalesce(has_plan, false) has_plan
    from Patient p
    left join fam on fam.patient = 'Patient/' || p.id
    left join doubts on doubts.patient = 'Patient/' || p.id
    left join covered on covered.patient = 'Patient/' || p.id
    left join away on away.patient = 'Patient/' || p.id
    left join elsewhere e on e.patient = 'Patient/' || p.id
    left join consented on consented.patient = 'Patient/' || p.id
    left join planned on planned.patient = 'Patient/' || p.id
)
select patient,
    case when life = 'no' or is_away or is_elsewhere or is_revoked then 'excluded'
         when two = 'no' or medicare = 'no' then 'not_eligible'
         when 'unknown' in (two, medicare, life) then 'review' else 'candidate' end outcome,
    families, evidence, has_consent, has_plan
from answers order by patient
"""


def answers(
    export: Path, as_of: date, *, threads: int = 2, scratch: Path | None = None
) -> dict[str, tuple[str, list[str]]]:
    """Return each patient's outcome and families."""
    rows = run(export, as_of, threads=threads, scratch=scratch).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def write_answers(export: Path, as_of: date, out: Path, *, threads: int, scratch: Path) -> None:
    """Write the answers as JSON lines, as a user of DuckDB would."""
    found = run(export, as_of, threads=threads, scratch=scratch)
    found.write_parquet(str(out))


def run(
    export: Path, as_of: date, *, threads: int, scratch: Path | None
) -> duckdb.DuckDBPyRelation:
    """Read the export into the newest version of each resource, and ask."""
    base = duckdb.connect()
    base.execute(f"set threads = {threads}")
    if scratch is not None:
        base.execute(f"set temp_directory = '{scratch}'")
    _families(base)
    for kind in _COLUMNS:
        _view(base, export, kind)
    first = as_of.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return base.sql(_ANSWER, params={"first": first.isoformat(), "last": last.isoformat()})


def _families(base: duckdb.DuckDBPyConnection) -> None:
    base.execute(
        "create table families(system varchar, code varchar, family varchar, "
        "named boolean, grp varchar)"
    )
    for disease in (*CHRONIC, SPREAD):
        rows = [("http://hl7.org/fhir/sid/icd-10-cm", code) for code, _ in disease.codes]
        if disease.snomed:
            rows.append(("http://snomed.info/sct", disease.snomed[0]))
        for system, code in rows:
            base.execute(
                "insert into families values (?, ?, ?, ?, ?)",
                [system, code, disease.family, disease.named, disease.group],
            )


def _view(base: duckdb.DuckDBPyConnection, export: Path, kind: str) -> None:
    columns = ", ".join(f"\"{name}\": '{shape}'" for name, shape in _COLUMNS[kind].items())
    base.execute(
        f"create view {kind} as select * from read_json('{export}/{kind}.*.ndjson', "  # noqa: S608
        f"format = 'newline_delimited', ignore_errors = true, columns = {{{columns}}}) "
        "where id is not null "
        "qualify row_number() over (partition by id order by "
        'meta."lastUpdated" desc nulls last, meta."versionId" desc nulls last) = 1'
    )
