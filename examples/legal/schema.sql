-- Documents of a law department, by matter, with the person in whose files each was found.

CREATE TABLE documents (
  id TEXT NOT NULL PRIMARY KEY DATA CLASS non_personal,
  matter TEXT NOT NULL DATA CLASS non_personal,
  privileged BOOLEAN NOT NULL DATA CLASS non_personal,
  custodian TEXT NOT NULL DATA CLASS direct_id,
  sent_on DATE NOT NULL DATA CLASS non_personal LADDER 'date',
  subject_line TEXT DATA CLASS sensitive,
  home_address TEXT DATA CLASS direct_id,
  attorney_notes TEXT DATA CLASS free_text,
  DATA SUBJECT custodian
);
