/** Word lists that people and streets are named from. Whoever results is nobody: any likeness is chance. */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const FEMALE_NAMES: readonly string[] = words(`
  Abigail Adele Agnes Alma Amara Amelia Annika Antonia Ariana Astrid Aurora Beatriz Bernadette Bianca
  Bridget Camila Carmen Cecilia Celeste Charlotte Chiara Clara Claudia Colette Cora Dahlia Daphne Delia
  Dolores Edith Elena Eleanor Elise Eloise Emilia Esther Eva Fatima Felicity Fiona Flora Frances
  Gabriela Georgia Greta Gwendolyn Harriet Hazel Helena Henrietta Imani Ingrid Iris Isabel Ivy Jasmine
  Josephine Judith Juliana Keiko Leila Leonora Lillian Linnea Lucia Luisa Magdalena Margot Marisol
  Matilda Mei Mercedes Mina Miriam Nadia Naomi Nina Noor Odette Olympia Paloma Petra Philippa Priya
  Ramona Rosalind Ruth Sabine Saskia Selma Simone Sylvia Tamsin Thea Ursula Valentina Vera Willa Yara
  Zora
`);

export const MALE_NAMES: readonly string[] = words(`
  Aaron Abel Adrian Ahmed Alistair Alonzo Amos Andre Anton Arjun Arlo August Barnaby Bastian Benedict
  Bernard Bram Bruno Caleb Callum Casper Cedric Cesar Clement Conrad Cormac Cyrus Damian Dante Desmond
  Diego Dimitri Edgar Edmund Elias Emeka Emil Enrique Ephraim Ezra Fabian Felix Fergus Fernando Franklin
  Gareth Gideon Gilbert Gregor Gustav Harold Harvey Hassan Hector Hiroshi Hugo Ibrahim Ignacio Isaac
  Ivan Jasper Jerome Joaquin Jonah Julius Kenji Kofi Laszlo Leander Leopold Linus Lorenzo Lucian Magnus
  Malcolm Marcel Mateo Maurice Maxim Milo Nathaniel Nikolai Octavio Oscar Otto Pablo Percy Quentin
  Rafael Rashid Reuben Roland Rufus Samuel Silas Stefan Tobias Ulrich Viktor Wendell
`);

export const LAST_NAMES: readonly string[] = words(`
  Abernathy Achterberg Adeyemi Aldridge Almeida Anand Arrowood Ashby Atwater Bakshi Balogun Barlowe
  Bautista Beckwith Bellamy Benavides Bergstrom Bianchi Blackwood Boateng Bonheur Bradwell Brightman
  Brisbois Calloway Cantrell Carmichael Castellano Chakrabarti Chamberlain Chatterton Cho Clearwater
  Cordova Covington Cranston Crowther Dalgaard Danforth Delacroix Demir Desrosiers Devereux Dimas
  Donnelly Drummond Dubois Eastwood Edgerton Eisenberg Ellery Escobedo Esposito Fairbanks Farrow
  Featherstone Fernandes Fitzgerald Fontaine Forsythe Fujimoto Galbraith Gallagher Garrick Ghosh
  Gillespie Goldwater Greenhalgh Grimaldi Guerrero Gundersen Haddad Halloran Hargrove Harrington
  Hathaway Haugen Hawthorne Hemsworth Hidalgo Hollis Holmgren Huang Ibarra Ingersoll Isaksen Ishikawa
  Jablonski Jankowski Jefferies Jimenez Joyner Kagan Kamara Kaplan Karlsson Kearney Kensington Khoury
  Kimball Kirkwood Kowalczyk Kwon Lafontaine Langford Larkspur Lavigne Leclair Lindqvist Locklear
  Lombardi Loxley Lundgren MacAllister Maldonado Marchetti Marquez Mbeki McBride Mendoza Merriweather
  Mikkelsen Montague Moreau Mukherjee Nakamura Nasser Navarro Neville Nguyen Nightingale Nordstrom
  Novak Nwosu Oakley Obrecht Okafor Oliveira Olszewski Ortega Osborne Ostrander Pacheco Palmquist
  Partridge Pellegrino Pemberton Petrov Pickering Popescu Quackenbush Quintero Radcliffe Ramaswamy
  Redfern Renquist Richter Rosenthal Rutherford Saavedra Sandoval Santoro Sato Schreiber Seabrook
  Shapiro Sinclair Solberg Somerset Soto Stanhope Sutherland Szabo Takahashi Tanaka Thackeray Thorne
  Tierney Torvald Trevino Umber Vance Vandermeer Vasquez Villanueva Wainwright Weatherby Whitlock
  Winslow Wojcik Wren Yamamoto Yoder Zamora Zielinski
  Beauchamp Ekstrom Ravenscroft Tallchief Vantongeren
`);

export const STREETS: readonly string[] = words(`
  Alder Ashgrove Bayview Birch Bridle Briar Canal Cedar Chestnut Clover Copper Cypress Dogwood Elm
  Fairview Fern Foundry Garnet Granite Harbor Heron Hickory Juniper Kestrel Larch Laurel Linden Lookout
  Maple Meadow Mill Oriole Orchard Pine Poplar Quarry Raven Ridge Rowan Sawmill Spruce Summit Sycamore
  Thistle Tupelo Union Valley Walnut Willow Windmill
`);

export const STREET_KINDS: readonly string[] = words(
  'Street Avenue Road Lane Court Terrace Way Drive Place Crescent',
);
