"""PDF: PDFium reads the characters, these modules find lines, columns, tables, headings and what repeats."""
