"""Small synthetic files in the layouts of AHRQ, CDC and CMS, with titles of our own words.

They describe four diseases: one whose sources agree, one that is new and beside it, one that an
override decides, and one that splits.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from ccm_fhir.terminology import build as building
from ccm_fhir.terminology.build.merge import Row
from ccm_fhir.terminology.build.write import files_of
from ccm_fhir.terminology.provenance import Provenance

CCIR = """Chronic Condition Indicator Refined v2027.1,,
(0=Not chronic 1=Chronic and 9=No determination),,
'ICD-10-CM CODE','ICD-10-CM CODE DESCRIPTION','CHRONIC INDICATOR'
'A000',"A short illness, with a comma",0
'E119',"A long illness",1
'E1165',"A long illness, another kind",1
'E890',"A gland taken out",0
'J40',"A cough",0
'M1A9XX0',"A long illness of joints",1
'Z21',"A status",9
"""

CCSR = (
    "'ICD-10-CM CODE','ICD-10-CM CODE DESCRIPTION','Default CCSR CATEGORY IP',"
    "'Default CCSR CATEGORY DESCRIPTION IP','Default CCSR CATEGORY OP',"
    "'Default CCSR CATEGORY DESCRIPTION OP','CCSR CATEGORY 1','CCSR CATEGORY 1 DESCRIPTION',"
    "'CCSR CATEGORY 2','CCSR CATEGORY 2 DESCRIPTION'\n"
    "'E119',\"A long illness\",'END002','Sugar','END002','Sugar','END002','Sugar',' ',' '\n"
    "'K9089',\"Another\",'DIG025','Gut','DIG025','Gut','FAC025','Care','DIG025','Gut, other'\n"
)

CCW = "ccw,code\ndiabetes,E11.9\ncopd,J40\nstroke_exclude1,A000\n"

ORDER = "".join(
    f"{number:05d} {code:<7} {billable} {title:<60} {title}\n"
    for number, (code, billable, title) in enumerate(
        [
            ("A00", 0, "Short illness"),
            ("A000", 1, "Short illness of one kind"),
            ("E11", 0, "Long illness"),
            ("E1165", 1, "Long illness, other"),
            ("E118", 1, "Long illness, new this year"),
            ("E119", 1, "Long illness, plain"),
            ("E890", 1, "Gland taken out"),
            ("J40", 1, "Cough"),
            ("M1A", 0, "Joints"),
            ("M1A9", 0, "Joints, plain"),
            ("M1A9XX0", 1, "Joints, plain, without"),
            ("Z21", 1, "Status"),
        ],
        start=1,
    )
)

TABULAR = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2027</version>
  <chapter><name>1</name>
    <section id="A00-A09">
      <diag><name>A00</name><desc>Short illness</desc>
        <diag><name>A00.0</name><desc>Short illness of one kind</desc></diag>
      </diag>
      <diag><name>M1A</name><desc>Joints</desc>
        <sevenChrDef>
          <extension char="0">without</extension>
          <extension char="1">with</extension>
        </sevenChrDef>
        <diag><name>M1A.9</name><desc>Joints, plain</desc></diag>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"""

CCI9 = "'ICD-9-CM CODE','ICD-9-CM CODE DESCRIPTION','CATEGORY DESCRIPTION','BODY SYSTEM'\n"
CCI9 += "'25000',\"LONG\",'1','3'\n'4660 ',\"SHORT\",'0','8'\n'E8889',\"FALL\",'0','17'\n"
GEM = "25000 E119    10000\n4660  J209    00000\nE8889 NoDx    11000\n"


BEFORE = {
    "E1165": ("1", "diabetes"),
    "E119": ("1", "diabetes"),
    "I10": ("1", "hypertension"),
}


def write(folder: Path, **changed: str) -> building.Inputs:
    """Write the files of a build into a folder, some of them changed, and return the inputs."""
    contents = {
        "tabular": ORDER,
        "ccir": CCIR,
        "ccsr": CCSR,
        "ccw": CCW,
        "icd9": CCI9,
        "gem": GEM,
    } | changed
    folder.mkdir(exist_ok=True)
    paths = {name: folder / f"{name}.csv" for name in contents}
    for name, path in paths.items():
        path.write_text(contents[name], encoding="utf-8")
    return building.Inputs(
        tabular=paths["tabular"],
        ccir=paths["ccir"],
        ccsr=paths["ccsr"],
        ccw=paths["ccw"],
        icd9=paths["icd9"],
        gem=paths["gem"],
        before=before(folder / "before"),
    )


def before(folder: Path) -> Path:
    """Write the tables of a year before: small, so that a build takes no time."""
    provenance = Provenance(version="of a year before", sources=[])
    rows = {code: _row(code, *said) for code, said in BEFORE.items()}
    building.write(folder, files_of(rows, {}, {}, provenance))
    return folder


def _row(code: str, chronic: str, family: str) -> Row:
    return Row(
        code=code,
        status="billable",
        ccir=chronic,
        chronic=chronic,
        source="ccir",
        family=family,
        ccw30="",
    )


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """Write a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def xlsx(path: Path, rows: list[list[str]]) -> Path:
    """Write a workbook of one sheet with shared strings, as spreadsheet programs do."""
    strings = sorted({cell for row in rows for cell in row})
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    cells = "".join(
        f'<row r="{r}">'
        + "".join(
            f'<c r="{chr(65 + c)}{r}" t="s"><v>{strings.index(cell)}</v></c>'
            for c, cell in enumerate(row)
        )
        + "</row>"
        for r, row in enumerate(rows, start=1)
    )
    shared = "".join(f"<si><t>{text}</t></si>" for text in strings)
    return zipped(
        path,
        {
            "xl/worksheets/sheet1.xml": (
                f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>"
            ).encode(),
            "xl/sharedStrings.xml": f"<sst {main}>{shared}</sst>".encode(),
        },
    )
