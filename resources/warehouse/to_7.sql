-- Where in the text each page begins, of documents that have pages.
ALTER TABLE documents ADD COLUMN pages JSON DEFAULT '[]';
CREATE OR REPLACE VIEW current_documents AS
    SELECT t.* FROM documents t JOIN current_items i ON i.stage = 'documents' AND i.key = t.key
    ORDER BY i.position, t.row_index;
UPDATE schema_version SET version = 7;
