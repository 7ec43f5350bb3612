/**
 * Word lists, typed in: what tells a name from a word. Names are the most frequent of the U.S. Census and
 * the Social Security Administration (public domain); countries are those of ISO 3166 in everyday English.
 * They are small on purpose: what is not listed is judged by how it is written and what stands beside it.
 */

function words(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.join(' ').split(' '));
}

/** Words that open sentences and stand in titles: capitalised, they are still no names. */
export const COMMON: ReadonlySet<string> = words(
  'a about above according account accounts across act action actually add added address addresses',
  'administration adventure advice after afternoon again against age ago agree ahead air album all allow',
  'allowed almost along already also although always am amazing among amount an and animation another answer',
  'any anybody anyone anything apart apparently appear appears application apply appointment are area argue',
  'around arrive arrived article artist as ask asked asking at ate atm attach attached attend author available',
  'avoid award away baby back bad bag balance ball band bank banking bar base based basis battery be became',
  'because become been before began begin behind being believe below best better between beyond big bill billing',
  'bills birth birthday black block blue board body book booking books born boss bot both bought box boy boys',
  'break bring broke brother brought build building built bus business but buy by cable call called came can',
  'cancel cannot capital car card cards care case cash cat center central century certain ceo chairman chance',
  'change changed character charge charged charges check child childhood children choose church city class clean',
  'clear client close closed club code cold college color come comedy coming comment comments common community',
  'company complete computer concert confirm consider contact content continue contract cool copy corner cost',
  'could count country couple course court cover create created credit critics cross current currently customer',
  'cut dad dance dark data date daughter day days dead deal dear death december decided deep degree delete',
  'deliver delivery deposit describe described design details devil did die died difference different dinner',
  'direct directed director do doctor does dog doing dollar dollars done door double down drama dream drive',
  'driver drop due during each earlier early earth easily east eat education effect eight either eleven else',
  'email employee employees end ended energy engineer english enjoy enjoyed enough enter entertainment entire',
  'error especially established etc even evening event ever every everybody everyone everything exactly example',
  'excellent except expect experience expire explain explained express extra eye face fact fall family famous',
  'fan far fast fat father favorite fax february feel felt female few field fifth figure file fill film final',
  'finally find fine finish finished fire firm first fish five fix flight floor fly follow following food foot',
  'for force foreign forever forget form former forward found founded four fourth free friday friend friends',
  'from front full fun fund funny further future game gave gender general get gets getting gift girl girls give',
  'given gives glad go goes going gold gone good got government grand grandfather grandmother great greatest',
  'green grew ground group grow growing guess guilty guitar guy guys had half hand happen happened happy hard',
  'has hate have having he head health hear heard heart heavy held hello help hence her here hero hers herself',
  'hey hi high him himself his history hit hold home honor hope horse hospital hot hotel hour hours house how',
  'however huge human hundred husband i ice idea if image imagine important in inc include included including',
  'increase indeed industry information inside instead insurance interested interesting internet into invoice',
  'is issue it its itself job join joined journal july june just keep kept key kid kids kill killed kind king',
  'kitchen knew know known lack lady land language large last late later latest law lead leader learn least',
  'leave left legal less let letter level library life lift light like limit line list listen little live lived',
  'lives local located location long look looking looks lord lose lost lot loud love loved low lunch machine made',
  'mail main major make makes making male man manager many march mark market married master match matter may',
  'maybe me mean means media medical meet meeting meetings member members memory men message messages met method',
  'middle might mile million mind mine minute minutes miss mobile model modern mom moment monday money month',
  'months mood more morning most mother mountain move moved movie movies mr mrs ms much music musical musicians my',
  'myself mystery name named names national nature near nearly necessary need needed needs neither never new news',
  'next nice night nine no nobody none nor north northern not note nothing notice november now number numbers',
  'object october of off offer office officer official often oh ok okay old on once one ones only open opened',
  'opening or order original originally other others our ours out outside over own page paid paper parents park',
  'part partner party pass passport password past patient pay payment pen people per perfect perhaps period person',
  'phone photo pick picture piece place plan plane planned play played player players playing please pleasure',
  'pleasures plus point police policy poor popular position possible post posted power prefer present president',
  'pretty previous price prince private probably problem procedure process produced producer product program',
  'project promise promised property proud provide public published pull purchase purpose put quality queen',
  'question questions quick quickly quite radio rain raised ran rather reach read reading ready real really reason',
  'received recently record recorded red refer reference regarding register related release released religion',
  'remember remove rent reply report request require required rest restaurant result results return review right',
  'road rock role room round rule run running sad safe said sale same saturday save saw say saying says scene',
  'school sea season seat second secret secretary section security see seem seems seen sell send sent september',
  'series serious serve served service services session set seven several sexy shall share she ship shop short',
  'should show showed shows side sign similar simple simply since sincerely sing singer single sir sister sit',
  'site situation six size sleep slow small smart snake so social sold some somebody someone something sometimes',
  'son song songs soon sorry sort sound south southern speak speaker special spell spent spoke sport spring stage',
  'stand star stars start started state statement station stay step still stop stopped store story straight',
  'strange street strong student students studio study stuff style subject such suggest summer sun sunday supposed',
  'sure surely surprise suspense system table take taken takes taking talk talking tax taxi team tell ten term',
  'test text than thank thanks that the theater their them themselves then there therefore these they thing things',
  'think third this those though thought thousand three through thursday thus ticket till time times title to',
  'today together told tomorrow tonight too took top total touch tour toward town track trade train transaction',
  'transactions transfer travel tree tribute trip trouble true truly trust truth try trying tube tuesday turn turned',
  'twelve twenty twice two type under understand union university unless unlike until up update upon us use used',
  'user users using usually vacation validate vegan version very video view visit voice vote wait waiting walk wall',
  'want wanted wants war was watch watched water way we wear weather website wedding wednesday week weekend weeks',
  'welcome well went were west western what whatever when where whether which while white who whoever whole whom',
  'whose why wide wife will win window winner winter wire wish with withdraw within without woman women won',
  'wonder wonderful word words work worked working works world worst would write writer writing written wrong',
  'wrote yard yeah year years yellow yes yesterday yet you young your yours yourself zero zip january april august',
  'yet inject select where users dear regards best cheers sincerely yours fwd re subject cc bcc attn ps nb asap',
  'fyi ceo cto cfo dob ssn id url ip http https www usa tv dvd cd pc dna faq iban atm pin usd eur gbp gps html pdf',
  "i'm i'd i've i'll you're you'd you've you'll he's she's it's we're we've they're they've that's there's what's",
  "where's who's how's let's can't don't doesn't didn't won't wouldn't couldn't shouldn't isn't aren't wasn't",
  "weren't haven't hasn't hadn't ain't c'mon o'clock celebrating regardless impulsive reliable keynote maiden",
  'cvv exp expiry client server localhost version invoice chapter section figure room championship final finals senior junior assistant associate chief vice treaty border european council committee',
  'commission department ministry congress senate parliament federal international global unfortunately fortunately',
  'additionally moreover nevertheless nonetheless meanwhile furthermore otherwise overall recently eventually',
  'originally previously certainly clearly obviously honestly seriously hopefully absolutely definitely exactly',
);

/** Words of an organisation's name: with one of them, a capitalised stretch is one. */
export const ORGANIZATION_WORDS: ReadonlySet<string> = words(
  'inc inc. llc llp ltd ltd. limited corp corp. corporation co co. company plc gmbh ag kg sa s.a. nv bv ab oy as',
  'group holdings partners associates bank insurance university college institute hospital clinic school academy',
  'foundation association society agency department ministry council committee bureau authority commission',
  'technologies technology systems solutions software services industries international labs laboratories capital',
  'ventures analytics media studios records airlines motors energy pharmaceuticals pharma healthcare financial',
  'consulting trust union federation church museum library orchestra times post news press journal magazine',
  'explorer markets networks network research bioscience sciences global logistics enterprises',
);

/** Words that make a stretch with a number the name of a street. */
export const STREET_WORDS: ReadonlySet<string> = words(
  'street st st. str str. avenue ave ave. road rd rd. lane ln drive dr court ct boulevard blvd blvd. way place pl',
  'square sq terrace circle crescent close gardens grove hill highway hwy parkway pkwy alley route trail loop',
  'plaza rue via calle avenida rua praça carrer ul. ulica u. utca út rkp. strasse straße platz weg gasse allee',
  'vej gade gata gatan vägen väg veien gate katu kuja tie tänav straat laan plein quai chemin impasse viale corso',
  'piazza strada largo travessa camino paseo odos leoforos λεωφόρος nám. náměstí třída trg cesta pass mall coves',
  'turnpike union greens points point rapids parks courts gateway bypass extensions mews ridge valley view walk',
  'canyon creek crossing estates expressway falls ferry field fields flats ford forest forge fork fort freeway',
  'garden glen green harbor haven heights hollow inlet island isle junction key knoll lake landing light lock lodge',
  'meadow mill mission mount mountain neck orchard oval overpass park path pike pine plain port prairie radial',
  'ramp ranch rest river run shoal shore skyway spring spur stravenue stream summit throughway trace track',
  'trafficway tunnel underpass viaduct village ville vista well manor bridge',
);

/** Nationalities, peoples and faiths, lower case; most others end as {@link isDemonym} has it. */
const DEMONYMS: ReadonlySet<string> = words(
  'american afghan arab british chinese czech danish dutch english finnish french german greek greenlander icelandic',
  'iraqi irish israeli italian japanese jewish kazakh korean kurdish kuwaiti lao maltese mexican moroccan muslim',
  'nepali norwegian omani pakistani polish portuguese qatari roman russian saudi scottish slovak slovene somali',
  'spanish sudanese swedish swiss taiwanese thai tibetan tunisian turkish uzbek uruguayan vietnamese welsh yemeni',
  'christian catholic protestant orthodox hindu sikh buddhist atheist mormon baptist methodist lutheran anglican',
  'hispanic latino latina latinx african asian european chechen croatian serbian hungarian austrian australian',
  'canadian brazilian cuban indian egyptian iranian persian jordanian lebanese libyan malaysian indonesian',
  'peruvian chilean colombian ecuadorian ethiopian kenyan nigerian ghanaian ugandan zambian cypriot estonian',
  'latvian lithuanian belgian bulgarian romanian ukrainian belarusian georgian armenian filipino bangladeshi',
  'new-zealander kiwi aussie republican democrat communist socialist conservative liberal puerto-rican',
);
/** Words that end like a nationality and are none. */
const NO_DEMONYMS: ReadonlySet<string> = words(
  'guardian librarian musician physician politician technician electrician vegetarian civilian magician comedian',
  'historian pedestrian mathematician beautician dietician optician veterinarian custodian academician obsidian',
  'median medicine radian reptilian mammalian barbarian utilitarian humanitarian egalitarian authoritarian',
  'finish publish polish establish accomplish cheese these those geese chinese-food brian ian adrian julian damian',
  'christian vivian lillian fabian sebastian cyprian gillian marian meridian ruffian guardian equestrian',
  'appian victorian freudian darwinian newtonian plebeian amphibian thespian collegian',
);

export const COUNTRIES: ReadonlySet<string> = words(
  'afghanistan albania algeria andorra angola argentina armenia aruba australia austria azerbaijan bahamas bahrain',
  'bangladesh barbados belarus belgium belize benin bermuda bhutan bolivia bosnia botswana brazil brunei bulgaria',
  'burundi cambodia cameroon canada chad chile china colombia comoros congo croatia cuba cyprus czechia denmark',
  'djibouti dominica ecuador egypt england eritrea estonia eswatini ethiopia fiji finland france gabon gambia',
  'georgia germany ghana gibraltar greece greenland grenada guam guatemala guinea guyana haiti honduras hungary',
  'iceland india indonesia iran iraq ireland israel italy jamaica japan jordan kazakhstan kenya kiribati korea',
  'kosovo kuwait kyrgyzstan laos latvia lebanon lesotho liberia libya liechtenstein lithuania luxembourg macedonia',
  'madagascar malawi malaysia maldives mali malta mauritania mauritius mexico moldova monaco mongolia montenegro',
  'morocco mozambique myanmar namibia nauru nepal netherlands nicaragua niger nigeria norway oman pakistan palau',
  'palestine panama paraguay peru philippines poland portugal qatar romania russia rwanda samoa scotland senegal',
  'serbia seychelles singapore slovakia slovenia somalia spain sudan suriname sweden switzerland syria taiwan',
  'tajikistan tanzania thailand togo tonga tunisia turkey turkmenistan tuvalu uganda ukraine uruguay uzbekistan',
  'vanuatu venezuela vietnam wales yemen zambia zimbabwe usa uk america europe asia africa antarctica',
  'alabama alaska arizona arkansas california colorado connecticut delaware florida hawaii idaho illinois indiana',
  'iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana',
  'nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia washington wisconsin',
  'wyoming ontario quebec alberta manitoba saskatchewan london paris berlin madrid rome vienna prague budapest',
  'warsaw moscow dublin lisbon athens oslo stockholm helsinki copenhagen amsterdam brussels zurich geneva munich',
  'hamburg cologne frankfurt milan naples turin barcelona seville valencia porto tokyo kyoto osaka beijing shanghai',
  'mumbai delhi bangalore sydney melbourne brisbane perth auckland wellington toronto vancouver montreal calgary',
  'chicago boston philadelphia seattle denver dallas houston austin phoenix atlanta miami detroit minneapolis',
);
/** Two words of a country or city, lower case. */
export const PLACE_PAIRS: ReadonlySet<string> = new Set(
  (
    'united states,united kingdom,new zealand,south africa,czech republic,costa rica,sri lanka,saudi arabia,' +
    'el salvador,puerto rico,north korea,south korea,new york,los angeles,san francisco,san diego,las vegas,' +
    'new jersey,new mexico,new hampshire,north carolina,south carolina,north dakota,south dakota,west virginia,' +
    'rhode island,hong kong,sierra leone,burkina faso,ivory coast,cape verde,papua new,san marino,faroe islands'
  ).split(','),
);

/** First names, lower case. */
export const FIRST_NAMES: ReadonlySet<string> = words(
  'james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark',
  'donald steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary',
  'nicholas eric jonathan stephen larry justin scott brandon benjamin samuel gregory frank alexander raymond patrick',
  'jack dennis jerry tyler aaron jose adam nathan henry douglas zachary peter kyle walter ethan jeremy harold keith',
  'christian roger noah gerald carl terry sean austin arthur lawrence jesse dylan bryan joe jordan billy bruce',
  'albert willie gabriel logan alan juan wayne roy ralph randy eugene vincent russell elijah louis bobby philip',
  'johnny mary patricia jennifer linda elizabeth barbara susan jessica sarah karen nancy lisa betty margaret sandra',
  'ashley kimberly emily donna michelle dorothy carol amanda melissa deborah stephanie rebecca sharon laura cynthia',
  'kathleen amy shirley angela helen anna brenda pamela nicole emma samantha katherine christine debra rachel',
  'catherine carolyn janet ruth maria heather diane virginia julie joyce victoria olivia kelly christina lauren joan',
  'evelyn judith megan cheryl andrea hannah martha jacqueline frances gloria ann teresa kathryn sara janice jean',
  'alice madison doris abigail julia judy grace denise amber marilyn beverly danielle theresa sophia marie diana',
  'brittany natalie isabella charlotte rose alexis kayla luis carlos miguel pedro antonio francisco jorge alejandro',
  'manuel rafael ana carmen lucia elena sofia marta pablo diego fernando ricardo roberto mario marco luca giovanni',
  'giulia francesca alessandro matteo hans klaus jurgen wolfgang stefan andreas martin lena katrin sabine monika',
  'ursula petra birgit anne pierre jacques michel francois nicolas camille chloe manon sven lars erik nils olaf',
  'ingrid astrid freja emil oscar ivan dmitri sergei vladimir olga natasha tatiana irina boris mikhail jan piotr',
  'tomasz marek agnieszka katarzyna ewa zofia josef karel jiri jana eva hana laszlo istvan zoltan gabor eszter',
  'mehmet mustafa ahmed mohammed muhammad ali omar hassan fatima aisha yusuf ibrahim hiroshi kenji yuki sakura akira',
  'wei ming li chen mei raj priya amit sanjay anil ravi sunita deepak liam mason lucas oliver ava mia amelia harper',
  'ella aria scarlett zoe lily layla nora hazel ellie violet aurora savannah audrey brooklyn bella claire skylar',
  'lucy paisley everly caroline nova genesis kennedy maya willow naomi eleanor aubrey simon felix max leon finn hugo',
  'theo ian neil graham colin trevor nigel clive derek gavin stuart craig alex sam ben tom tim jim bob mike dave',
  'steve chris matt nick tony dan joe ted fred leo luke owen caleb isaac levi julian aiden bertram tracy roberto',
);

/** Before a name. */
export const HONORIFICS: ReadonlySet<string> = words(
  'mr mr. mrs mrs. ms ms. miss dr dr. prof prof. professor sir madam mx mx. rev rev. hon hon. capt. sgt. lt. col.',
  'gen. sen. rep. gov. judge pastor rabbi imam sheikh lady dame herr frau monsieur madame señor señora sig. dra.',
);
/** Between the words of a name, lower case. */
export const PARTICLES: ReadonlySet<string> = words(
  'de da do dos das del della di van von der den la le las los el al bin ibn ter ten zu zum y e z u nad na ved af',
  'am an im aan op sur sous en et und bei pod pri ob do di du des saint st. sankt ο της του',
);
/** Before a place. */
export const PLACE_LEADS: ReadonlySet<string> = words(
  'in from to near at visit visiting into across throughout around outside inside within leaving toward towards via',
);
/** Before an organisation, one word back. */
export const EMPLOYER_LEADS: ReadonlySet<string> = words('at for with by of from joined');

/** A word that names a nationality, a people or a faith. */
export function isDemonym(word: string): boolean {
  const lower = word.toLowerCase();
  if (DEMONYMS.has(lower)) return true;
  if (lower.length < 6 || NO_DEMONYMS.has(lower) || COMMON.has(lower)) return false;
  return /(?:[bdegklmnrstvz]ian|[lnrt]ese|[xnr]ican|stani)$/.test(lower);
}
