"""How good are translated pictures?"""
