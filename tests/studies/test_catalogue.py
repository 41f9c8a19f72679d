"""Every study of the list is what the list says."""

from __future__ import annotations

import pytest

from grue.studies.base import Study
from grue.studies.catalogue import STUDIES, make_study


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_has_the_name_and_question_of_the_list_and_jobs_at_every_scale(name: str) -> None:
    study = make_study(name)
    assert isinstance(study, Study)
    assert (study.name, study.question) == (name, STUDIES[name][1])
    numbers = [len({job.name for job in study.jobs(scale)}) for scale in ("quick", "default", "full")]
    assert 0 < numbers[0] <= numbers[1] <= numbers[2], "each job has a file of its own"
    assert numbers == [len(study.jobs(scale)) for scale in ("quick", "default", "full")]
