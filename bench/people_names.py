"""Names, and how they are written: in full, turned round, as initials, as pet names, not at all. All of it invented."""

import random
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_FIRST: Final[Mapping[str, str]] = MappingProxyType(
    {
        "IT": "Giuseppe Maria Anna Francesco Luca Marco Giulia Sara Andrea Paolo Chiara Elena Matteo Alessandro Francesca "
        "Davide Laura Roberto Stefano Martina Silvia Antonio Valentina Simone Federica Giovanni Elisa Michele Alessia Nicolò",
        "ES": "María Carmen José Antonio Lucía Javier Ana Pablo Marta Diego Laura Carlos Sofía Alejandro Elena Sergio Raúl",
        "DE": "Anna Lukas Julia Felix Laura Jonas Katharina Maximilian Jürgen Ursula Andreas Sabine Jörg Birgit Stefan Claudia",
        "FR": "Marie Jean Camille Pierre Chloé Nicolas Léa Julien Manon Thomas Hélène François Sophie Émilie Antoine Claire",
        "BR": "Maria João Ana José Francisca Antônio Gabriel Larissa Rafael Juliana Lucas Fernanda Bruno Camila Thiago Beatriz",
    }
)
_LAST: Final[Mapping[str, str]] = MappingProxyType(
    {
        "IT": "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Mancini Costa "
        "Giordano Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini "
        "Leone Longo Gentile Martinelli Vitale Lombardo Serra Coppola D'Angelo Marchetti Parisi Villa Conte Ferraro "
        "Ferri Fabbri Bianco Marini Grasso Valentini Messina Sala Gatti Pellegrini Palumbo Sanna Farina Rizzi Monti "
        "Cattaneo Morelli Amato Silvestri",
        "ES": "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Jiménez Ruiz Hernández Díaz Moreno "
        "Muñoz Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez Serrano Blanco "
        "Molina Morales",
        "DE": "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter "
        "Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Krause Lehmann Köhler "
        "Maier Herrmann",
        "FR": "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux "
        "David Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Müller Lefèvre Faure "
        "André",
        "BR": "Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa Ribeiro Martins Carvalho "
        "Almeida Lopes Soares Fernandes Vieira Barbosa Rocha Dias Nascimento Andrade Moreira Nunes Marques Machado "
        "Mendes Freitas",
    }
)
_LIKE: Final = MappingProxyType({"MX": "ES", "AR": "ES"})
_OTHERS: Final = ("Pippo", "Mamma", "Lalla", "Zio Tom", "Sempre avanti", "La vita è bella", "Gattina", "Luz", "Käthe")
_PICTURES: Final = ("🌸", "❤️", ".", "🙂🙂", None, None)
_FLATTEN: Final = 8
"""Names have weights of 1 / (rank + 8): a few are everywhere, so that there are namesakes."""


@dataclass(frozen=True, slots=True)
class Name:
    first: str
    last: str

    @property
    def local(self) -> str:
        """As the first part of an address."""
        return ".".join(map(plain, (self.first, self.last)))


def plain(text: str) -> str:
    """Lower case, without accents and apostrophes."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if c.isascii() and c.isalnum())


def name(country: str, rng: random.Random, *, last: str | None = None) -> Name:
    """A name of that country; with `last` of that family."""
    nation = _LIKE.get(country, country)
    return Name(_pick(_FIRST[nation].split(), rng), last or _pick(_LAST[nation].split(), rng))


def shown(person: Name, rng: random.Random, *, other: float, none: float, full: float = 0.6) -> str | None:
    """How somebody's name stands in a profile: `other` and `none` are shares, `full` is that of full names of the rest."""
    chance = rng.random()
    if chance < none:
        return rng.choice(_PICTURES)
    if chance < none + other:
        return rng.choice(_OTHERS)
    ways = _WAYS if rng.random() < full else _SHORT
    return rng.choice(ways)(person)


def _pick(words: list[str], rng: random.Random) -> str:
    return rng.choices(words, [1 / (rank + _FLATTEN) for rank in range(len(words))])[0]


_WAYS: Final[tuple[Callable[[Name], str], ...]] = (
    *(3 * (lambda one: f"{one.first} {one.last}",)),
    lambda one: f"{one.last} {one.first}",
    lambda one: f"{one.last}, {one.first}".upper(),
    lambda one: f"{one.first} {one.last}".lower(),
    lambda one: f"{one.first[0]}. {one.last}",
    lambda one: "".join(c for c in unicodedata.normalize("NFKD", f"{one.first} {one.last}") if not unicodedata.combining(c)),
)
_SHORT: Final[tuple[Callable[[Name], str], ...]] = (
    *(3 * (lambda one: one.first,)),
    lambda one: f"{one.first} {one.last[0]}.",
    lambda one: f"{plain(one.first)}{plain(one.last)[:3]}84",
)
