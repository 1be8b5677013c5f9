using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>Which mediators want which functions. The first one that has asked gets a function.</summary>
internal sealed class PciClaims
{
    private const int Capacity = 32;

    private readonly PciMatch[] _matches = new PciMatch[Capacity];
    private readonly sbyte[] _mediators = new sbyte[Capacity];
    private readonly uint[] _tags = new uint[Capacity];
    private int _count;

    /// <summary>Adds a claim.</summary>
    /// <returns>False when there is no room.</returns>
    internal bool Add(PciMatch match, int mediator, uint tag)
    {
        if (_count == Capacity)
        {
            return false;
        }

        _matches[_count] = match;
        _mediators[_count] = (sbyte)mediator;
        _tags[_count] = tag;
        _count++;
        return true;
    }

    /// <summary>The mediator that wants a function.</summary>
    /// <param name="host">Knows which mediators are in place.</param>
    /// <param name="address">Where the function is.</param>
    /// <param name="identity">Vendor and device.</param>
    /// <param name="classCode">Class, subclass, interface.</param>
    /// <param name="tag">Its mark.</param>
    /// <returns>Its number; -1 for none.</returns>
    internal int Find(MediatorHost host, PciAddress address, PciIdentity identity, uint classCode, out uint tag)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_matches[i].Means(address, identity, classCode) && host.HasClaims(_mediators[i]))
            {
                tag = _tags[i];
                return _mediators[i];
            }
        }

        tag = 0;
        return -1;
    }

    internal void Clear() => _count = 0;
}
