"""What the customers of the demo write: by topic and language. The topics are the categories of the demo's rules."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Topic = Literal["returns", "warranty", "delivery", "general"]

TOPICS: Final[tuple[Topic, ...]] = ("returns", "warranty", "delivery", "general")
LANGUAGES: Final = ("it", "en", "de", "fr", "es")

TEXTS: Final[Mapping[Topic, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "returns": {
            "it": (
                "Buongiorno, vorrei restituire la padella da 28 cm dell'ordine {order}: è troppo pesante per me. Come faccio?",
                "Ho spedito il reso dell'ordine {order} dieci giorni fa, quando arriva il rimborso?",
                "Mi avete mandato il coperchio sbagliato, vorrei un rimborso e non un cambio.",
                "Salve, posso fare il reso in negozio anche se ho comprato sul sito? Ordine {order}",
            ),
            "en": (
                "Hi, I'd like to return the saucepan from order {order}. It doesn't work on our induction hob.",
                "Still waiting for my refund on {order}. It has been two weeks now!",
                "The lid arrived in the wrong size. Can I get a refund without sending it back?",
                "How long do I have to return a gift? My sister bought it in October.",
            ),
            "de": (
                "Guten Tag, ich möchte einen Umtausch: die Pfanne aus Bestellung {order} ist zu klein.",
                "Wie läuft die Rückgabe? Die Originalverpackung habe ich leider nicht mehr.",
                "Die Rückgabe zu {order} habe ich vor einer Woche abgeschickt, das Geld ist noch nicht da.",
                "Ist ein Umtausch auch ohne Kassenbon möglich? Es war ein Geschenk.",
            ),
            "fr": (
                "Bonjour, je souhaite un remboursement pour la commande {order}, la poêle ne me convient pas.",
                "J'ai renvoyé la casserole il y a dix jours et toujours pas de remboursement.",
                "Le couvercle reçu n'est pas le bon. Remboursement ou échange, comme vous voulez !",
                "Qui paie les frais de port si je demande un remboursement ?",
            ),
            "es": (
                "Hola, quiero hacer una devolución del pedido {order}: la sartén es demasiado grande.",
                "¿Cuánto tarda la devolución del dinero? Ya entregué la olla hace una semana.",
                "Me ha llegado una tapa que no pedí, ¿cómo hago la devolución?",
                "¿Puedo hacer la devolución en la tienda de Valencia con el ticket del pedido {order}?",
            ),
        },
        "warranty": {
            "it": (
                "Il manico della padella si è rotto dopo tre mesi, è ancora in garanzia? Ordine {order}",
                "Buonasera, la valvola della pentola a pressione è rotta. Dove trovo il ricambio?",
                "La garanzia copre anche il rivestimento che si stacca?",
                "Ho perso lo scontrino ma ho la mail dell'ordine {order}: la garanzia vale lo stesso?",
            ),
            "en": (
                "The handle came off after two months. Order {order}, surely that's covered by the warranty?",
                "My pressure cooker gasket is broken, do you sell spare parts?",
                "Is the non-stick coating part of the warranty? Mine is peeling.",
                "The glass lid arrived broken in a hundred pieces. Photos to follow.",
            ),
            "de": (
                "Der Griff ist nach drei Monaten kaputt. Gilt da noch die Garantie? Bestellung {order}",
                "Das Ventil vom Schnellkochtopf ist kaputt, wo bekomme ich Ersatz?",
                "Fällt die abgelöste Beschichtung unter die Garantie?",
                "Der Glasdeckel kam kaputt an. Fotos kann ich gerne schicken.",
            ),
            "fr": (
                "La poignée s'est cassée au bout de trois mois, la garantie fonctionne encore ? Commande {order}",
                "Bonjour, le joint de ma cocotte fuit. Est-ce pris en charge par la garantie ?",
                "Le revêtement s'écaille déjà. Je pensais que la garantie était de dix ans.",
                "J'ai perdu la facture de {order}, est-ce que la garantie est perdue aussi ?",
            ),
            "es": (
                "Se ha soltado el mango a los tres meses, ¿lo cubre la garantía? Pedido {order}",
                "La válvula de la olla no cierra. ¿Sigue en garantía?",
                "¿La garantía incluye el antiadherente? Se está pelando.",
                "No encuentro la factura de {order}, ¿pierdo la garantía?",
            ),
        },
        "delivery": {
            "it": (
                "Il corriere dice consegnato ma qui non c'è nulla. Ordine {order}",
                "Quando arriva il pacco? Doveva essere qui lunedì.",
                "Posso cambiare l'indirizzo di spedizione dell'ordine {order}? Mi sono trasferita.",
                "Il pacco è arrivato aperto e manca una pentola.",
            ),
            "en": (
                "Where is my parcel? Tracking for {order} hasn't moved since Tuesday.",
                "Can I change the delivery address? I typed the wrong house number.",
                "The parcel was left in the rain and the box fell apart.",
                "Is a Saturday delivery possible? Nobody is home during the week.",
            ),
            "de": (
                "Wo bleibt mein Paket? Die Sendung {order} bewegt sich seit Dienstag nicht.",
                "Kann die Lieferung am Samstag kommen? Unter der Woche ist niemand da.",
                "Das Paket war offen und ein Topf fehlt.",
                "Bitte die Lieferung zu {order} an meine Büroadresse umleiten.",
            ),
            "fr": (
                "Où en est la livraison de ma commande {order} ? Le suivi ne bouge plus.",
                "Le livreur n'a pas sonné. Peut-on programmer une nouvelle livraison samedi ?",
                "La livraison est incomplète, il manque une casserole.",
                "Je me suis trompé d'adresse de livraison, c'est encore possible de changer ?",
            ),
            "es": (
                "¿Dónde está mi envío? El pedido {order} no se mueve desde el martes.",
                "¿Puedo cambiar la dirección del envío? Me equivoqué de número.",
                "El envío llegó abierto y falta una olla.",
                "¿El envío a Canarias tiene coste extra?",
            ),
        },
        "general": {
            "it": (
                "Ciao, la padella in ghisa va bene anche sull'induzione?",
                "A che ora aprite sabato il negozio di Torino?",
                "Avete ancora il set rosso? Sul sito non lo trovo più.",
                "Grazie mille, siete stati gentilissimi!",
            ),
            "en": (
                "Does the cast iron pan work on induction?",
                "What time does the shop in Leeds open on Saturday?",
                "Do you still have the red set? I can't find it on the website any more.",
                "Thank you so much, that was quick!",
            ),
            "de": (
                "Geht die gusseiserne Pfanne auch auf Induktion?",
                "Wann öffnet der Laden in Köln am Samstag?",
                "Gibt es das rote Set noch? Auf der Seite finde ich es nicht mehr.",
                "Vielen Dank, das ging ja schnell!",
            ),
            "fr": (
                "La poêle en fonte passe-t-elle sur l'induction ?",
                "À quelle heure ouvre la boutique de Lyon le samedi ?",
                "Avez-vous encore le set rouge ? Je ne le trouve plus sur le site.",
                "Merci beaucoup, c'était très rapide !",
            ),
            "es": (
                "¿La sartén de hierro vale para inducción?",
                "¿A qué hora abre la tienda de Madrid el sábado?",
                "¿Queda alguna batería roja? Ya no la veo en la web.",
                "¡Muchas gracias, qué rapidez!",
            ),
        },
    }
)

CAPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "it": "Ecco la foto, si vede che è rotta",
        "en": "Here is the photo, you can see it is broken",
        "de": "Hier das Foto, man sieht, dass es kaputt ist",
        "fr": "Voici la photo pour la garantie",
        "es": "Aquí está la foto para la garantía",
    }
)
