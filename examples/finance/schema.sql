-- Transfers of a bank's customers, with the score of its own monitoring.

CREATE TABLE transfers (
  id TEXT NOT NULL PRIMARY KEY DATA CLASS non_personal,
  customer TEXT NOT NULL DATA CLASS direct_id,
  account TEXT NOT NULL DATA CLASS direct_id,
  counterparty TEXT DATA CLASS direct_id,
  booked_on DATE NOT NULL DATA CLASS sensitive LADDER 'date',
  amount DECIMAL NOT NULL DATA CLASS sensitive,
  country TEXT DATA CLASS quasi_id,
  risk INTEGER NOT NULL DATA CLASS sensitive,
  memo TEXT DATA CLASS free_text,
  DATA SUBJECT customer
);
