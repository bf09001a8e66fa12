"""The taxonomy group: a tree of tags made from headings and entities or given by the user, chunks and QA
pairs tagged with it, and the share of pairs that a tag may have."""
