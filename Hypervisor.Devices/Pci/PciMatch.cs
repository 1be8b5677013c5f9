using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>Which functions are meant: one by its address, or all of a kind.</summary>
public readonly struct PciMatch
{
    private const int SubclassShift = 8;
    private const uint AnyInterface = 0xFF_FF00;
    private const uint WholeClass = 0xFF_FFFF;

    private readonly Kind _kind;
    private readonly uint _value;
    private readonly uint _mask;

    private PciMatch(Kind kind, uint value, uint mask)
    {
        _kind = kind;
        _value = value;
        _mask = mask;
    }

    private enum Kind : byte
    {
        Nothing,
        Address,
        Identity,
        Class,
    }

    /// <summary>The function at an address, when it is first seen there.</summary>
    public static PciMatch At(PciAddress address) => new(Kind.Address, address.Packed, uint.MaxValue);

    /// <summary>All functions of a vendor's device.</summary>
    public static PciMatch Device(ushort vendor, ushort device) => new(Kind.Identity, new PciIdentity(vendor, device).Value, uint.MaxValue);

    /// <summary>All functions of a class and subclass.</summary>
    /// <param name="classAndSubclass">Class in bits 15 to 8, subclass in 7 to 0.</param>
    public static PciMatch Class(ushort classAndSubclass) => new(Kind.Class, (uint)classAndSubclass << SubclassShift, AnyInterface);

    /// <summary>All functions of a class, subclass and programming interface.</summary>
    /// <param name="classCode">Class in bits 23 to 16, subclass in 15 to 8, interface in 7 to 0.</param>
    public static PciMatch Interface(uint classCode) => new(Kind.Class, classCode & WholeClass, WholeClass);

    /// <summary>Whether a function is meant.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="identity">Vendor and device.</param>
    /// <param name="classCode">Class, subclass, interface.</param>
    public bool Means(PciAddress address, PciIdentity identity, uint classCode) => _kind switch
    {
        Kind.Address => address.Packed == _value,
        Kind.Identity => identity.Value == _value,
        Kind.Class => (classCode & _mask) == _value,
        _ => false,
    };
}
