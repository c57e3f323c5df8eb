"""The style of the references in the Typst preview: author and year in the text, and all that leads to the work in the list.

Of Typst's own styles (0.15) none does: "apa" prints no arXiv number, a comma behind the year of a conference paper, and "others"
as if it were somebody's name.
"""

from __future__ import annotations

from stages.h_finalization.bibliography import MOST_AUTHORS

# `bibliography` writes "others" as one name more than it keeps, so a list that was cut for its length ends in "et al.".
REFERENCE_STYLE = f"""<?xml version="1.0" encoding="utf-8"?>
<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0" demote-non-dropping-particle="never">
<info><title>researchclaw preview</title><id>researchclaw-preview</id><updated>2026-11-21T00:00:00+00:00</updated>
<category citation-format="author-date"/></info>
<macro name="short">
<names variable="author"><name form="short" and="text" delimiter=", " et-al-min="3" et-al-use-first="1"/></names>
</macro>
<macro name="year"><date variable="issued"><date-part name="year"/></date><text variable="year-suffix"/></macro>
<citation disambiguate-add-year-suffix="true">
<layout prefix="(" suffix=")" delimiter="; "><group delimiter=", "><text macro="short"/><text macro="year"/></group></layout>
</citation>
<bibliography hanging-indent="true" et-al-min="{MOST_AUTHORS + 1}" et-al-use-first="{MOST_AUTHORS}">
<sort><key macro="short"/><key macro="year"/></sort>
<layout suffix="."><group delimiter=". ">
<names variable="author"><name and="text" delimiter=", "/></names>
<text variable="title"/>
<group delimiter=", ">
<text variable="container-title" font-style="italic"/><text variable="publisher"/><text variable="volume"/><text variable="page"/>
<text macro="year"/>
</group>
<group delimiter=", ">
<text variable="note"/>
<choose><if variable="DOI"><text variable="DOI" prefix="doi:"/></if><else><text variable="URL"/></else></choose>
</group>
</group></layout>
</bibliography>
</style>
"""
"""A citation style in CSL 1.0.2, which Typst reads."""
