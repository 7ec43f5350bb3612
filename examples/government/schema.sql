-- Grants that an agency decided on, with whoever applied for them.

CREATE TABLE grants (
  id TEXT NOT NULL PRIMARY KEY DATA CLASS non_personal,
  applicant TEXT NOT NULL DATA CLASS direct_id,
  applicant_kind TEXT NOT NULL DATA CLASS non_personal,
  programme TEXT NOT NULL DATA CLASS non_personal,
  decided_on DATE NOT NULL DATA CLASS non_personal LADDER 'date',
  amount INTEGER NOT NULL DATA CLASS sensitive,
  status TEXT NOT NULL DATA CLASS non_personal,
  classification TEXT NOT NULL DATA CLASS non_personal,
  remarks TEXT DATA CLASS free_text,
  DATA SUBJECT applicant
);
