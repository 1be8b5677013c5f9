namespace Hypervisor.Core.Host;

/// <summary>Virtualisation extensions.</summary>
public enum VirtualizationExtension
{
    /// <summary>None.</summary>
    None,

    /// <summary>AMD-V (AMD APM vol 2 chapter 15).</summary>
    Svm,

    /// <summary>Intel VT-x (Intel SDM vol 3 chapter 23).</summary>
    Vmx,
}
