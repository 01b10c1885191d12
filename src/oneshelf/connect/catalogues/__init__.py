"""Catalogue files: products, prices and terms as web shops and ERPs export them."""
