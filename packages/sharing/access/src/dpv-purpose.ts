/**
 * Purposes of the Data Privacy Vocabulary 2.3 (W3C DPVCG) and what each is a narrower case of, so that a
 * consent to research covers scientific research and a consent to scientific research covers no other.
 */

/** `narrower < broader …`, by the names that `dpv:` stands before. */
const HIERARCHY = `
AcademicResearch < ResearchAndDevelopment
AccountManagement < Purpose
Advertising < Marketing
AgeVerification < Verification
CombatClimateChange < PublicBenefit
CommercialPurpose < Purpose
CommercialResearch < CommercialPurpose ResearchAndDevelopment
CommunicationForCustomerCare < CommunicationManagement CustomerCare
CommunicationManagement < Purpose
CounterMoneyLaundering < FraudPreventionAndDetection
Counterterrorism < PublicBenefit
CustomerCare < CustomerManagement
CustomerClaimsManagement < CustomerManagement
CustomerManagement < Purpose
CustomerOrderManagement < CustomerManagement
CustomerRelationshipManagement < CustomerManagement
CustomerSolvencyMonitoring < CustomerManagement
DataAltruism < PublicBenefit
DeliveryOfGoods < RequestedServiceProvision
DirectMarketing < Marketing
DisputeManagement < OrganisationGovernance
EnforceAccessControl < EnforceSecurity
EnforceSecurity < Purpose
EstablishContractualAgreement < Purpose
FraudPreventionAndDetection < MisusePreventionAndDetection
FulfilmentOfContractualObligation < FulfilmentOfObligation
FulfilmentOfObligation < Purpose
HumanResourceManagement < Purpose
IdentityAuthentication < EnforceSecurity
IdentityVerification < Verification
ImproveExistingProductsAndServices < OptimisationForController
ImproveHealthcare < PublicBenefit
ImproveInternalCRMProcesses < CustomerRelationshipManagement OptimisationForController
ImprovePublicServices < PublicBenefit
ImproveTransportMobility < PublicBenefit
IncreaseServiceRobustness < OptimisationForController
InternalResourceOptimisation < OptimisationForController
LegalCompliance < FulfilmentOfObligation
MaintainFraudDatabase < FraudPreventionAndDetection
Marketing < Purpose
MemberPartnerManagement < OrganisationGovernance
MisusePreventionAndDetection < EnforceSecurity
NonCommercialPurpose < Purpose
NonCommercialResearch < NonCommercialPurpose ResearchAndDevelopment
OptimisationForConsumer < ServiceOptimisation
OptimisationForController < ServiceOptimisation
OptimiseUserInterface < OptimisationForConsumer
OrganisationComplianceManagement < OrganisationGovernance
OrganisationGovernance < Purpose
OrganisationRiskManagement < OrganisationGovernance
PaymentManagement < ServiceManagement
Personalisation < Purpose
PersonalisedAdvertising < Advertising Personalisation
PersonalisedBenefits < ServicePersonalisation
PersonnelBehaviourMonitoring < PersonnelMonitoring
PersonnelHiring < PersonnelManagement
PersonnelManagement < HumanResourceManagement
PersonnelMonitoring < PersonnelManagement
PersonnelOffboarding < PersonnelManagement
PersonnelOnboarding < PersonnelHiring
PersonnelPayment < PersonnelManagement
PersonnelPerformanceEvaluation < PersonnelPerformanceManagement
PersonnelPerformanceManagement < PersonnelManagement PersonnelMonitoring
PersonnelPerformanceMonitoring < PersonnelMonitoring PersonnelPerformanceManagement
PersonnelPerformancePrediction < PersonnelPerformanceManagement
PersonnelPromotionManagement < PersonnelManagement
PersonnelTerminationManagement < PersonnelManagement
PersonnelWorkloadManagement < PersonnelManagement
PoliticalCampaign < Advertising Personalisation
ProtectionOfIPR < FulfilmentOfObligation
ProtectionOfNationalSecurity < PublicBenefit
ProtectionOfPublicSecurity < PublicBenefit
ProvideEventRecommendations < ProvidePersonalisedRecommendations
ProvideOfficialStatistics < PublicBenefit
ProvidePersonalisedRecommendations < ServicePersonalisation
ProvideProductRecommendations < ProvidePersonalisedRecommendations
PublicBenefit < Purpose
PublicPolicyMaking < PublicBenefit
PublicRelations < Marketing
RecordManagement < Purpose
RecruitmentAdvertising < Advertising PersonnelHiring
RecruitmentApplicantBackgroundCheck < RecruitmentManagement
RecruitmentApplicantCriminalBackgroundCheck < RecruitmentManagement
RecruitmentApplicantInformationAuthentication < RecruitmentManagement
RecruitmentApplicantSelection < RecruitmentManagement
RecruitmentApplicationAnalysis < RecruitmentApplicationManagement
RecruitmentApplicationManagement < RecruitmentManagement
RecruitmentApplicationScreening < RecruitmentApplicationManagement
RecruitmentInterviewAnalysis < RecruitmentInterviewManagement
RecruitmentInterviewAssessment < RecruitmentInterviewManagement
RecruitmentInterviewManagement < RecruitmentManagement
RecruitmentInterviewScheduling < RecruitmentInterviewManagement
RecruitmentManagement < PersonnelHiring
RecruitmentTargetedAdvertising < RecruitmentAdvertising TargetedAdvertising
RepairImpairments < ServiceManagement
RequestedServiceProvision < ServiceProvision
ResearchAndDevelopment < Purpose
RightsFulfilment < LegalObligation
ScientificResearch < ResearchAndDevelopment
SearchFunctionalities < ServiceProvision
SellDataToThirdParties < SellProducts
SellInsightsFromData < SellProducts
SellProducts < ServiceProvision
SellProductsToDataSubject < SellProducts
ServiceAccessDetermination < ServiceManagement
ServiceManagement < Purpose
ServiceMonitoring < ServiceManagement
ServiceOptimisation < ServiceManagement
ServicePersonalisation < Personalisation ServiceManagement
ServiceProvision < ServiceManagement
ServiceRegistration < ServiceManagement
ServiceUsageAnalytics < ServiceMonitoring
SocialMediaMarketing < Marketing
TargetedAdvertising < PersonalisedAdvertising
TechnicalServiceProvision < ServiceProvision
UserInterfacePersonalisation < ServicePersonalisation
VendorManagement < Purpose
VendorPayment < VendorManagement
VendorRecordsManagement < VendorManagement
VendorSelectionAssessment < VendorManagement
Verification < EnforceSecurity
`;

const PREFIX = 'dpv:';

const BROADER: ReadonlyMap<string, readonly string[]> = new Map(
  HIERARCHY.trim()
    .split('\n')
    .map((line) => {
      const [narrower = '', broader = ''] = line.split(' < ');
      return [narrower, broader.split(' ')];
    }),
);

/**
 * Whether a purpose is another one or a case of it. A purpose outside the vocabulary is itself and
 * nothing else.
 */
export function isPurposeWithin(purpose: string, wider: string): boolean {
  if (purpose === wider) return true;
  if (!purpose.startsWith(PREFIX) || !wider.startsWith(PREFIX)) return false;
  const wanted = wider.slice(PREFIX.length);
  const pending = [purpose.slice(PREFIX.length)];
  const seen = new Set<string>();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next === wanted) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    pending.push(...(BROADER.get(next) ?? []));
  }
  return false;
}
