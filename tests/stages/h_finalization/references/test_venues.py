"""Venues in long, short and abbreviated forms."""

import pytest

from stages.h_finalization.references.venues import compare_venues


@pytest.mark.parametrize(
    ("cited", "record"),
    [
        ("8th International Conference on Learning Representations, ICLR", "ICLR"),
        ("Advances in Neural Information Processing Systems 33", "NeurIPS"),
        ("Adv. Neural Inf. Process. Syst.", "NeurIPS"),
        ("NIPS", "NeurIPS"),
        ("Proceedings of the 37th International Conference on Machine Learning", "ICML"),
        ("Proceedings of the IEEE/CVF Conference on Computer Vision and Pattern Recognition", "CVPR"),
        ("Proceedings of the 58th Annual Meeting of the Association for Computational Linguistics", "ACL"),
        ("J. Mach. Learn. Res.", "Journal of Machine Learning Research"),
        ("PNAS", "Proceedings of the National Academy of Sciences"),
        ("Ann. Statist.", "Annals of Statistics"),
        ("Nat. Methods", "Nature Methods"),
        ("Proc. IEEE", "Proceedings of the IEEE"),
        ("Machine learning", "Machine Learning"),
        ("CoRR abs/1706.03762", "arXiv"),
    ],
)
def test_forms_of_one_venue(cited: str, record: str) -> None:
    assert compare_venues(cited, record) == "same"
    assert compare_venues(record, cited) == "same"


@pytest.mark.parametrize(
    ("cited", "record"),
    [
        ("ICML", "ICLR"),
        ("International Conference on Machine Learning", "Machine Learning"),
        ("IEEE Transactions on Evolutionary Computation", "Evolutionary Computation"),
        ("NeurIPS Workshop on Things", "NeurIPS"),
        ("Findings of EMNLP", "EMNLP"),
        ("Proceedings of NAACL", "ACL"),
        ("Symposium on Regularization Techniques", "ICML"),
        ("International Conference on Learning Systems", "ICLR"),
    ],
)
def test_two_venues(cited: str, record: str) -> None:
    assert compare_venues(cited, record) == "different"


def test_versions() -> None:
    assert compare_venues("arXiv preprint arXiv:1706.03762", "NeurIPS") == "preprint of it"
    assert compare_venues("ICLR", "arXiv") == "not in the record"
    assert compare_venues(None, "ICLR") == "none cited"
