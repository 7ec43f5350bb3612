/**
 * Towns with their counties, states and ZIP codes. Some ZIP3s (036, 059, 102, 203, 369, 556, 692, 821,
 * 823, 878, 884, 893) cover 20,000 people or fewer by the 2020 census: Safe Harbor allows them as `000`.
 */

export interface Place {
  readonly city: string;
  readonly county: string;
  readonly state: string;
  readonly zip: string;
  readonly latitude: number;
  readonly longitude: number;
}

const TABLE = `
  Boston|Suffolk County|Massachusetts|02115|42.342|-71.100
  Worcester|Worcester County|Massachusetts|01604|42.254|-71.774
  Springfield|Hampden County|Massachusetts|01108|42.085|-72.559
  Cambridge|Middlesex County|Massachusetts|02138|42.377|-71.126
  Lowell|Middlesex County|Massachusetts|01851|42.631|-71.332
  Plymouth|Plymouth County|Massachusetts|02360|41.914|-70.642
  Pittsfield|Berkshire County|Massachusetts|01201|42.453|-73.261
  Provincetown|Barnstable County|Massachusetts|02657|42.058|-70.186
  Portland|Cumberland County|Maine|04101|43.661|-70.259
  Bangor|Penobscot County|Maine|04401|44.823|-68.791
  Concord|Merrimack County|New Hampshire|03301|43.219|-71.542
  Charlestown|Sullivan County|New Hampshire|03603|43.254|-72.393
  Walpole|Cheshire County|New Hampshire|03608|43.080|-72.408
  Burlington|Chittenden County|Vermont|05401|44.484|-73.220
  Guildhall|Essex County|Vermont|05905|44.573|-71.603
  Providence|Providence County|Rhode Island|02906|41.838|-71.393
  Hartford|Hartford County|Connecticut|06106|41.749|-72.694
  New York|New York County|New York|10025|40.798|-73.968
  New York|New York County|New York|10282|40.717|-74.015
  Buffalo|Erie County|New York|14216|42.949|-78.861
  Philadelphia|Philadelphia County|Pennsylvania|19104|39.960|-75.199
  Washington|District of Columbia|District of Columbia|20009|38.920|-77.037
  Washington|District of Columbia|District of Columbia|20319|38.867|-77.016
  Butler|Choctaw County|Alabama|36904|32.094|-88.222
  Atlanta|Fulton County|Georgia|30310|33.727|-84.427
  Columbus|Franklin County|Ohio|43215|39.967|-83.004
  Chicago|Cook County|Illinois|60614|41.923|-87.651
  Madison|Dane County|Wisconsin|53703|43.078|-89.376
  Grand Marais|Cook County|Minnesota|55604|47.857|-90.407
  Valentine|Cherry County|Nebraska|69201|42.787|-100.565
  Austin|Travis County|Texas|78704|30.246|-97.768
  Denver|Denver County|Colorado|80206|39.731|-104.952
  Yellowstone National Park|Park County|Wyoming|82190|44.600|-110.500
  Rawlins|Carbon County|Wyoming|82301|41.787|-107.236
  Socorro|Socorro County|New Mexico|87801|34.058|-106.891
  Tucumcari|Quay County|New Mexico|88401|35.172|-103.725
  Ely|White Pine County|Nevada|89301|39.254|-114.877
  Sacramento|Sacramento County|California|95816|38.573|-121.468
  Portland|Multnomah County|Oregon|97214|45.514|-122.643
  Seattle|King County|Washington|98103|47.673|-122.343
`;

export const PLACES: readonly Place[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [city, county, state, zip, latitude, longitude] = line.trim().split('|') as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    return { city, county, state, zip, latitude: Number(latitude), longitude: Number(longitude) };
  });
