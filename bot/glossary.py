"""Words of work in other languages and in chat's shorthand, each with the English words that pages use.

For questions in one language over pages in another, where the embedding model knows only one of them. A
general vocabulary: nothing of a particular company. One row a notion: English | German | Spanish | French.
Single words only, in their plain form; inflected ones are found by their stems.
"""

from collections.abc import Mapping

LANGUAGES = ("de", "es", "fr")

_ROWS = """
absence away|abwesenheit abwesend|ausencia ausente|absence absent
accept|akzeptieren annehmen|aceptar|accepter
access|zugang zugriff|acceso acceder|accès accéder
account|konto|cuenta|compte
address|adresse anschrift|dirección|adresse
advance notice|vorlauf voraus vorlaufzeit|antelación anticipación|avance préavis
age|alter|edad|âge
agreement|vereinbarung abkommen|acuerdo|accord
alarm alert|alarm|alarma alerta|alarme alerte
allowed may|erlaubt dürfen darf|permitido permite|autorisé permis droit
amount|betrag höhe summe|importe monto cantidad|montant somme
announce notify tell|ankündigen mitteilen benachrichtigen informieren melden|avisar notificar anunciar informar|annoncer prévenir notifier informer avertir
answer reply|antwort antworten|respuesta responder|réponse répondre
application apply|antrag beantragen bewerbung bewerben|solicitud solicitar|demande candidature postuler
appointment|termin|cita|rendez-vous rendezvous
approve approval|genehmigen genehmigung freigabe freigeben|aprobar aprobación|approuver approbation validation valider
ask|fragen|preguntar|demander
attack|angriff|ataque|attaque
autumn|herbst|otoño|automne
baby child|baby kind kinder|bebé hijo hija niño|bébé enfant
backup|sicherung datensicherung backup|respaldo copia|sauvegarde
bank|bank|banco|banque
benefit perk|leistung leistungen zusatzleistung|beneficio prestación|avantage prestation
bicycle bike|fahrrad rad dienstrad|bicicleta bici|vélo
bill invoice|rechnung|factura|facture
birth|geburt|nacimiento|naissance
board|vorstand aufsichtsrat|consejo|conseil
bonus|bonus prämie|bono prima|prime
book booking|buchen buchung|reservar reserva|réserver réservation
boss manager|chef chefin vorgesetzter vorgesetzte|jefe jefa responsable gerente|chef responsable supérieur
branch|zweig|rama|branche
break|pause|descanso pausa|pause
broken defective|kaputt defekt|roto averiado estropeado|cassé panne défectueux
budget|budget|presupuesto|budget
bug error|fehler|error fallo|erreur bogue
building|gebäude|edificio|bâtiment immeuble
buy purchase|kaufen kauf anschaffen anschaffung beschaffen|comprar compra|acheter achat
calendar|kalender|calendario|calendrier agenda
call phone|anruf anrufen telefon|llamada llamar teléfono|appel appeler téléphone
cancel|stornieren absagen kündigen|cancelar anular|annuler
candidate|bewerber kandidat bewerberin|candidato candidata|candidat
car|auto wagen dienstwagen|coche carro|voiture
card|karte|tarjeta|carte
certificate|bescheinigung zertifikat nachweis|certificado justificante|certificat attestation justificatif
change|ändern änderung wechseln wechsel|cambiar cambio|changer changement modifier
chat|chat|chat|messagerie
cheap|billig günstig|barato|cher pas
check|prüfen überprüfen|comprobar revisar verificar|vérifier contrôler
clothes|kleidung|ropa|vêtements tenue
cloud|cloud wolke|nube|nuage
coffee|kaffee|café|café
colleague teammate|kollege kollegin kollegen mitarbeitende|compañero compañera colega|collègue
company|firma unternehmen betrieb|empresa compañía|entreprise société
compensation pay|vergütung entlohnung|remuneración compensación|rémunération compensation
complaint|beschwerde|queja reclamación|plainte réclamation
computer laptop|computer rechner laptop notebook|ordenador computadora portátil|ordinateur portable
conference|konferenz tagung|conferencia congreso|conférence congrès
confidential|vertraulich|confidencial|confidentiel
contact|kontakt kontaktieren ansprechpartner|contacto contactar|contact contacter
contract|vertrag arbeitsvertrag|contrato|contrat
contractor freelancer|auftragnehmer freiberufler freelancer selbständig|contratista autónomo|prestataire indépendant
cost|kosten kostet|costo coste costar cuesta|coût coûter coûte
country|land|país|pays
course training|kurs schulung weiterbildung fortbildung|curso formación capacitación|cours formation
credit|guthaben kredit|crédito|crédit
customer client|kunde kundin kunden|cliente clienta|client cliente
cut reduce|kürzen senken reduzieren|reducir recortar|réduire
damage|schaden beschädigt|daño dañado|dommage endommagé
data|daten|datos|données
database|datenbank|base|base
date|datum|fecha|date
daughter|tochter|hija|fille
day|tag tage|día|jour journée
deadline|frist stichtag|plazo vencimiento|délai échéance
death bereavement|tod todesfall trauerfall|muerte fallecimiento luto|décès deuil
decide decision|entscheiden entscheidung|decidir decisión|décider décision
delete remove|löschen löschung entfernen|borrar eliminar suprimir|supprimer effacer
delivery|lieferung|entrega|livraison
department team|abteilung|departamento|département service
deploy release|ausrollen veröffentlichen release|desplegar despliegue publicar lanzamiento|déployer déploiement publier
desk|schreibtisch|escritorio|bureau
device|gerät|dispositivo aparato equipo|appareil
disability|behinderung|discapacidad|handicap invalidité
discount|rabatt|descuento|remise réduction
disease sick illness|krankheit krank|enfermedad enfermo enferma|maladie malade
doctor|arzt ärztin|médico doctor|médecin
document|dokument unterlagen|documento|document
dog pet|hund haustier|perro mascota|chien animal
door|tür|puerta|porte
download|herunterladen download|descargar descarga|télécharger téléchargement
early|früh|temprano|tôt
education|bildung|educación|éducation
email mail|mail email|correo|courriel
emergency|notfall|emergencia urgencia|urgence
employee|mitarbeiter mitarbeiterin angestellter arbeitnehmer|empleado empleada trabajador|employé employée salarié salariée
employer|arbeitgeber|empleador|employeur
employment|anstellung beschäftigung arbeitsverhältnis|empleo|emploi
end|ende beenden|fin final terminar|fin terminer
engineer engineering|ingenieur entwickler entwicklung technik|ingeniero ingeniería desarrollador desarrollo|ingénieur ingénierie développeur développement
environment|umgebung umwelt|entorno ambiente|environnement
equipment|ausstattung ausrüstung|equipamiento|équipement matériel
options equity shares|optionen aktien anteile|opciones acciones|options actions parts
evening|abend|tarde noche|soir
event|veranstaltung ereignis|evento|événement
exception|ausnahme|excepción|exception
expense expenses|spesen ausgabe ausgaben auslagen|gasto gastos|dépense frais
expense report claim|abrechnung spesenabrechnung|rendición liquidación|note
expire|ablaufen verfallen|caducar vencer expirar|expirer
extend|verlängern|prolongar extender ampliar|prolonger
family|familie|familia|famille
fast quick|schnell|rápido|rapide vite
father|vater|padre|père
fee|gebühr|tarifa cuota|tarif redevance
file|datei|archivo fichero|fichier
find|finden|encontrar|trouver
finance|finanzen finanzabteilung buchhaltung|finanzas contabilidad|finance comptabilité
fire dismiss terminate|entlassen entlassung|despedir despido|licencier licenciement
fix repair|reparieren reparatur beheben|reparar reparación arreglar|réparer réparation
flight|flug fliegen|vuelo volar|vol
food meal|essen verpflegung mahlzeit|comida|repas nourriture
form|formular|formulario|formulaire
free|kostenlos gratis|gratis gratuito|gratuit
friend|freund freundin|amigo amiga|ami amie
gift|geschenk|regalo|cadeau
give|geben|dar|donner
goal objective|ziel|objetivo meta|objectif but
group|gruppe|grupo|groupe
guest visitor|gast besucher|invitado visitante|invité visiteur
guide guideline|leitfaden anleitung|guía|guide
half|halb hälfte halbjahr|medio mitad|moitié demi
harassment|belästigung mobbing|acoso|harcèlement
health|gesundheit|salud sanidad|santé
health insurance|krankenversicherung krankenkasse|seguro|mutuelle
help support|hilfe helfen unterstützung|ayuda ayudar apoyo soporte|aide aider assistance
hire hiring recruit|einstellen einstellung|contratar contratación|embaucher embauche recruter recrutement
holiday public holidays|feiertag feiertage|festivo feriado|férié
home|zuhause hause|casa hogar|maison domicile
hospital|krankenhaus|hospital|hôpital
hotel|hotel unterkunft|hotel alojamiento|hôtel hébergement
hour|stunde stunden|hora|heure
house apartment|haus wohnung|vivienda piso|logement appartement
human resources people|personal personalabteilung|personal recursos|ressources
identity card|ausweis|identificación|identité
incident outage|vorfall störung ausfall|incidente caída|incident
increase raise|erhöhung erhöhen gehaltserhöhung|aumento aumentar subida|augmentation augmenter
install|installieren installation|instalar instalación|installer installation
insurance|versicherung|seguro|assurance
intern internship|praktikant praktikantin praktikum|becario pasantía prácticas|stagiaire stage
interview|vorstellungsgespräch bewerbungsgespräch interview|entrevista|entretien
invite|einladen einladung|invitar invitación|inviter invitation
job position|stelle arbeitsstelle job|puesto trabajo|poste
key|schlüssel|llave clave|clé clef
kitchen|küche|cocina|cuisine
language|sprache|idioma lengua|langue
late|spät verspätet|tarde|tard retard
law legal|gesetz recht rechtlich|ley legal|loi juridique légal
leave time off|freistellung auszeit|permiso excedencia licencia|congé
leave quit resign|kündigung verlassen ausscheiden austritt|renunciar renuncia dimitir baja|démissionner démission quitter départ
length how long|dauer lange dauern|duración dura durar|durée durer
letter|brief schreiben|carta|lettre
license|lizenz|licencia|licence
limit maximum|grenze höchstens obergrenze|límite máximo|limite maximum plafond
link|link verknüpfung|enlace|lien
list|liste|lista|liste
local|lokal örtlich|local|local
lock|sperren sperre|bloquear bloqueo|verrouiller verrouillage
lose lost|verlieren verloren verlust|perder perdido pérdida|perdre perdu perte
lunch|mittagessen mittag|almuerzo|déjeuner
machine|maschine|máquina|machine
maintenance|wartung instandhaltung|mantenimiento|maintenance
maternity|mutterschutz mutterschaft|maternidad|maternité
medical|medizinisch ärztlich|médico sanitario|médical
meeting meet|treffen besprechung sitzung meeting trifft|reunión reunirse|réunion rencontrer
message|nachricht|mensaje|message
mileage|kilometer kilometergeld|kilometraje|kilométrique
minimum|minimum mindestens mindest|mínimo|minimum minimal minimale
minute|minute|minuto|minute
mistake|irrtum|equivocación|faute
mobile phone|handy mobiltelefon diensthandy|móvil celular|mobile
money|geld|dinero|argent
monitor screen|bildschirm monitor|pantalla monitor|écran
month|monat|mes|mois
mother|mutter|madre|mère
move relocate|umziehen umzug|mudanza mudarse traslado|déménager déménagement
name|name|nombre|nom
need|brauchen benötigen brauche|necesitar necesito|besoin nécessaire
network|netz netzwerk|red|réseau
new|neu|nuevo nueva|nouveau nouvelle neuf
new hire start|neuling einsteiger eintritt|incorporación ingreso|arrivée arrivant
night|nacht|noche|nuit
number|nummer zahl anzahl|número|numéro nombre
offer quote|angebot|oferta cotización|offre devis
office|büro|oficina|bureau
often frequency|oft häufig häufigkeit|frecuencia frecuentemente menudo|souvent fréquence
old|alt|viejo antiguo|vieux ancien
on-call|rufbereitschaft bereitschaft bereitschaftsdienst|guardia|astreinte garde
order|bestellen bestellung|pedido pedir encargar|commander commande
overtime|überstunden|extras|supplémentaires
own|eigen eigene|propio|propre
owner|eigentümer besitzer verantwortlich|dueño propietario|propriétaire
page|seite|página|page
paid|bezahlt|pagado remunerado|payé rémunéré
parental leave|elternzeit|parental|parental
parents|eltern|padres|parents
parking|parkplatz parken|estacionamiento aparcamiento|parking stationnement
part-time|teilzeit|parcial|partiel
partner spouse|partner ehepartner|pareja cónyuge|conjoint partenaire
passport|reisepass pass|pasaporte|passeport
password|passwort kennwort|contraseña|passe
paternity|vaterschaft|paternidad|paternité
pay payment|zahlen zahlung bezahlen|pagar pago|payer paiement
payroll|lohnabrechnung gehaltsabrechnung|nómina|paie
pension retirement|rente altersvorsorge ruhestand|pensión jubilación|retraite
percent|prozent|porcentaje|pourcentage
performance review|leistungsbeurteilung mitarbeitergespräch beurteilung|evaluación desempeño|évaluation
permission|erlaubnis|permiso|permission autorisation
personal private|persönlich privat|personal privado|personnel privé
plan planned scheduled|plan planen geplant|plan planificar planificado programado|plan planifier planifié prévu
plane|flugzeug|avión|avion
policy rule|richtlinie regel regelung|política norma regla|politique règle règlement
power electricity|strom|electricidad|électricité
pregnant pregnancy|schwanger schwangerschaft|embarazo embarazada|enceinte grossesse
price|preis|precio|prix
printer|drucker|impresora|imprimante
privacy|datenschutz privatsphäre|privacidad|confidentialité
probation|probezeit|prueba|essai
problem issue|problem|problema|problème
product|produkt|producto|produit
project|projekt|proyecto|projet
promotion|beförderung|ascenso promoción|promotion
proof evidence|beleg nachweis|prueba comprobante|preuve
quarter|quartal|trimestre|trimestre
question|frage|pregunta|question
receipt|beleg quittung kassenbon|recibo ticket|reçu ticket
receive get|bekommen erhalten|recibir obtener|recevoir obtenir
refer referral|empfehlen empfehlung|recomendar recomendación referido|recommander cooptation
refresh replace|ersetzen austauschen erneuern austausch|reemplazar renovar sustituir|remplacer renouveler remplacement renouvellement
refund reimburse reimbursement|erstattung erstatten rückerstattung|reembolso reembolsar|remboursement rembourser
register registration|registrieren anmelden anmeldung|registrar registro inscripción|inscrire inscription enregistrer
remote|homeoffice remote|remoto teletrabajo|télétravail distance
rent|miete mieten|alquiler alquilar|loyer louer location
report|bericht berichten|informe reporte denunciar|rapport signaler
request|anfrage anfragen|solicitud petición|demande requête
require required|verlangen erforderlich nötig|requerir requerido obligatorio|exiger requis obligatoire falloir
responsible|zuständig verantwortlich|responsable encargado|responsable
restart|neustart neustarten|reiniciar|redémarrer
return|zurückgeben rückgabe|devolver devolución|rendre retour restituer
right|recht anspruch|derecho|droit
risk|risiko|riesgo|risque
role|rolle|rol papel|rôle
room|raum zimmer besprechungsraum|sala habitación|salle chambre
safety security|sicherheit|seguridad|sécurité
salary|gehalt lohn|salario sueldo|salaire
sale sales|verkauf vertrieb|venta ventas|vente ventes
save|speichern sparen|guardar ahorrar|enregistrer épargner
schedule|zeitplan|horario calendario|horaire planning
school|schule|escuela|école
secret|geheimnis geheim|secreto|secret
self-assessment|selbsteinschätzung|autoevaluación|autoévaluation
sell|verkaufen|vender|vendre
send|senden schicken|enviar mandar|envoyer
seniority tenure|betriebszugehörigkeit dienstjahre|antigüedad|ancienneté
server|server|servidor|serveur
shift|schicht|turno|équipe quart
ship shipping|versand versenden|envío|expédition
sick leave|krankmeldung krankschreibung|baja|arrêt
sign signature|unterschreiben unterschrift|firmar firma|signer signature
site|standort|sitio sede|site
size|größe|tamaño|taille
smoke|rauchen|fumar|fumer
software|software|software programa|logiciel
son|sohn|hijo|fils
speed|geschwindigkeit|velocidad|vitesse
spend|ausgeben|gastar|dépenser
spring|frühling|primavera|printemps
start begin|anfangen beginnen beginn start|empezar comenzar inicio|commencer début démarrer
steal stolen theft|stehlen gestohlen diebstahl|robar robado robo|voler volé vol
step|schritt|paso|étape
stop shutdown downtime outage|abschaltung stillstand|parada paro|arrêt interruption
store|lagern aufbewahren|almacenar|stocker conserver
summer|sommer|verano|été
supervisor|betreuer|supervisor|superviseur
supplier vendor|lieferant anbieter|proveedor|fournisseur
survey|umfrage|encuesta|enquête sondage
system|system|sistema|système
tax|steuer steuern|impuesto impuestos|impôt taxe
team|team mannschaft|equipo|équipe
test|testen test|probar prueba|tester
ticket|ticket fahrkarte|boleto billete|billet
time|zeit|tiempo|temps
title|titel|título|titre
tool|werkzeug|herramienta|outil
train|zug bahn|tren|train
transfer|überweisung überweisen|transferencia transferir|virement transférer
translate|übersetzen|traducir|traduire
travel trip|reise reisen dienstreise geschäftsreise|viaje viajar|voyage voyager déplacement
trial|probe testphase|prueba|essai
unpaid|unbezahlt|impagado|impayé
update|aktualisieren aktualisierung|actualizar actualización|mettre actualiser
upload|hochladen|subir|téléverser
use|nutzen benutzen verwenden|usar utilizar uso|utiliser usage
user|benutzer nutzer|usuario|utilisateur
vacation holiday time off|urlaub ferien|vacaciones|vacances
vaccination|impfung|vacuna|vaccin
version|version|versión|version
visa|visum visa|visado visa|visa
wait|warten|esperar|attendre
weapon|waffe|arma|arme
website|webseite website|web|site
wedding marriage|hochzeit heirat|boda matrimonio|mariage
week|woche|semana|semaine
weekend|wochenende|finde|weekend
wife husband|frau ehefrau mann ehemann|esposa esposo marido|femme mari épouse
win|gewinnen|ganar|gagner
window|fenster|ventana|fenêtre
winter|winter|invierno|hiver
withdraw|zurückziehen|retirar|retirer
work|arbeit arbeiten|trabajar trabajo|travail travailler
worker council|betriebsrat|sindicato|syndicat
working hours|arbeitszeit arbeitszeiten|jornada|horaires
workplace|arbeitsplatz|puesto|lieu
year|jahr|año|an année
common shared|gemeinsam gemeinsame|común compartido|commun partagé
one|eins|uno|un
two|zwei|dos|deux
acknowledge confirm|bestätigen|confirmar|confirmer acquitter
anonymous|anonym|anónimo|anonyme anonymement
archive|archiv|archivar|archive
around about|rund ungefähr circa|unos aproximadamente|environ
available|verfügbar|disponible|disponible
big large|groß|grande|grand
browser|browser|navegador|navigateur
build|bauen|construir|construire
choose select|auswählen wählen|elegir seleccionar|choisir sélectionner
close|schließen|cerrar|fermer
code|quellcode code|código|code
collect|sammeln|recoger recopilar|collecter recueillir
connect connection|verbinden verbindung|conectar conexión|connecter connexion
copy paste|kopieren einfügen|copiar pegar|copier coller
correct|richtig korrekt|correcto|correct
create|erstellen anlegen|crear|créer
difference|unterschied|diferencia|différence
direct message|direktnachricht direktnachrichten|directo|direct
distance|entfernung|distancia|distance
drive|fahren fährt|conducir manejar|conduire
eat|essen isst|comer|manger
example|beispiel|ejemplo|exemple
external outside|extern externe|externo externa|externe
fill|ausfüllen|rellenar llenar|remplir
first|erste ersten|primero primera|premier première
forget forgotten|vergessen|olvidar olvidado|oublier oublié
freelance|freiberuflich nebenberuflich|independiente|freelance
high|hoch hohe|alto alta|haut élevé
important|wichtig|importante|important
information|information auskunft|información|information renseignement
internal|intern interne|interno interna|interne
invest vesting|gevestet vesten|consolidar|acquérir acquis
keep retain|behalten aufbewahrt erhalten|guardar conservar conservan mantener quedarme|garder conserver
know|wissen kennen|saber conocer|savoir connaître
last|letzte letzten|último última|dernier dernière
line|zeile zeilen|línea|ligne
loan mortgage|darlehen hypothek baufinanzierung|préstamo hipoteca|prêt hypothèque
long|lang|largo|long
low|niedrig|bajo|bas
mandatory|verpflichtend pflicht|obligatorio|obligatoire
medicine|medizin medikament|medicina|médicament
mile|meile|milla|mile
nightly night|nächtlich nächtliche|nocturno nocturna|nocturne
open|öffnen offen|abrir abierto|ouvrir ouvert
part|teil|parte|partie
people person|leute menschen person|persona gente|personne gens
pick|abholen|recoger|récupérer
place|ort|lugar|lieu endroit
possible|möglich|posible|possible
public|öffentlich|público|public
publish|veröffentlichen|publicar|publier
put|stellen legen setzen|poner|mettre
read|lesen|leer|lire
reason|grund|razón motivo|raison motif
region|region|región|région
sales tax vat|mehrwertsteuer umsatzsteuer|iva|tva
search|suchen suche|buscar búsqueda|chercher recherche
share|teilen weitergeben weiterleiten|compartir|partager transmettre
show|zeigen anzeigen|mostrar|montrer afficher
speak|sprechen|hablar|parler
status|status stand|estado|statut état
stay|bleiben|quedarse permanecer|rester
summarize summary|zusammenfassen zusammenfassung|resumir resumen|résumer résumé
switch|umschalten|cambiar|basculer
table|tabelle tisch|tabla mesa|tableau table
take|nehmen mitnehmen|tomar llevar|prendre
talk|reden|hablar|discuter
thing|ding sache|cosa|chose
today|heute|hoy|aujourd
tomorrow|morgen|mañana|demain
trust|vertrauen|confianza|confiance
type kind|art typ|tipo|type
vote|abstimmen|votar|voter
want|wollen möchte will|querer quiere quiero|vouloir veut veux
water|wasser|agua|eau
write|schreiben|escribir|écrire
wrong|falsch|incorrecto equivocado|faux
yesterday|gestern|ayer|hier
young|jung|joven|jeune
three|drei|tres|trois
four|vier|cuatro|quatre
five|fünf|cinco|cinq
six|sechs|seis|six
ten|zehn|diez|dix
every each|jeder alle|cada|chaque
how much|wieviel|cuánto|combien
before|vorher|antes|avant
after|danach nachher|después|après
already|schon bereits|ya|déjà
"""

# Chat's and offices' shorthand, which is in no page: as whole words only, and only where no page has them.
_SHORTHAND = """
acct account|addr address|admin administrator|amt amount|appt appointment|approx approximately|app application
asap soon|avail available|b4 before|bc because|btw|biz business|cal calendar|cc credit card|cert certificate
chk check|comp compensation|config configuration|conf conference|cust customer|cust. customer|custs customers
dept department|dev developer|devs developers|diff different|dl download|doc document|docs documentation
eng engineering|env environment|eod end of day|eow end of week|est estimate|exp expense|ext extension
govt government|hr human resources|hrs hours|hw hardware|id identification|idk|imo|info information
ins insurance|inv invoice|k8s kubernetes|kb knowledge base|l8r later|loc lines of code|lptp laptop|mgmt management
mgr manager|mgrs managers|min minimum|mins minutes|misc miscellaneous|mo month|msg message|mtg meeting
nb note|natl national|num number|ofc office|ooo out of office|org organization|ot overtime
pls please|plz please|pmt payment|pos position|ppl people|pr pull request|prod production|pto paid time off
pw password|pwd password|pymt payment|qtr quarter|rcpt receipt|rec receive|recv receive|ref referral
reg regular|repo repository|req request|reqs requirements|resp responsible|rn now|rsu restricted stock units
sched schedule|sec security|shld should|sw software|sync synchronize|temp temporary|thru through|thx thanks
tix tickets|tkt ticket|tmrw tomorrow|tmr tomorrow|trng training|txn transaction|u you|ur your|vac vacation
vs versus|wfh work from home|wk week|wks weeks|wkend weekend|wknd weekend|wo without|wrk work
yr year|yrs years|wat what|wats what is|whats what is|wen when|wheres where is|hw how
"""


def _rows() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Language → its word → English words."""
    meanings: dict[str, dict[str, tuple[str, ...]]] = {language: {} for language in LANGUAGES}
    for row in _ROWS.strip().splitlines():
        english, *others = row.split("|")
        for language, words in zip(LANGUAGES, others, strict=True):
            for word in words.split():
                known = meanings[language].get(word, ())
                meanings[language][word] = tuple(dict.fromkeys((*known, *english.split())))
    return meanings


def _shorthand() -> Mapping[str, str]:
    entries = (entry.strip() for line in _SHORTHAND.strip().splitlines() for entry in line.split("|"))
    return {
        short: meaning
        for short, _, meaning in (entry.partition(" ") for entry in entries)
        if meaning and meaning != short
    }


MEANINGS = _rows()
# Right words, whether a page has them or not.
ENGLISH = frozenset(word for words in MEANINGS.values() for meanings in words.values() for word in meanings)
SHORTHAND = _shorthand()
