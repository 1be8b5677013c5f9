using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;

namespace Hypervisor.Devices.Pci;

/// <summary>Takes the guest's accesses to the functions they are for: past a policy, to their mediators, to the hardware, and past the tracker.</summary>
internal sealed class PciRouter
{
    private const int LaneMask = 3;
    private const int None = PciFunctions.None;

    private readonly PciConfiguration _configuration;
    private readonly PciTracker _tracker;
    private readonly PciPolicy _policy;

    internal PciRouter(PciConfiguration configuration, PciTracker tracker, PciPolicy policy)
    {
        _configuration = configuration;
        _tracker = tracker;
        _policy = policy;
    }

    /// <summary>Accesses refused because a policy hides the function.</summary>
    internal ulong Refused { get; private set; }

    /// <summary>Accesses offered to mediators.</summary>
    internal ulong Offered { get; private set; }

    /// <summary>Whether an access goes to the hardware without a further look: nothing depends on it.</summary>
    internal bool IsPlain(uint address, int offset)
    {
        int index = _tracker.All.Find(address);
        return index != None && _tracker.All[index].Watch == PciWatch.None && offset >= sizeof(uint) && _policy.Logging == PciLogging.Off;
    }

    /// <summary>Deals with an access.</summary>
    internal void Handle(MediatorHost host, ref PciGuestAccess access)
    {
        Route(host, ref access);
        if (_policy.Logging == PciLogging.All || (_policy.Logging == PciLogging.Writes && access.IsWrite))
        {
            host.Log(LogLevel.Information).Pci(access.Address).Text(access.IsWrite ? " write "u8 : " read "u8).Hex((uint)access.Offset).Text(" size "u8)
                .Decimal((uint)access.Size).Text(" value "u8).Hex(access.Value & PciConfiguration.Ones(access.Size)).End();
        }
    }

    private void Route(MediatorHost host, ref PciGuestAccess access)
    {
        int index = _tracker.All.Find(access.Address.Packed);
        bool hidden = false;
        if (index == None && !access.ReadsVendor)
        {
            PciIdentity identity = new(_configuration.Read(host, access.Address, PciRegister.Identity, sizeof(uint)));
            index = identity.IsSomebody ? _tracker.Discover(host, access.Address, identity, out hidden) : None;
        }

        if (index == None)
        {
            if (hidden)
            {
                Refuse(ref access);
                return;
            }

            Perform(host, ref access);
            if (access.ReadsVendor)
            {
                Greet(host, ref access);
            }

            return;
        }

        RouteKnown(host, index, ref access);
    }

    /// <summary>The vendor ID was read where no function was known.</summary>
    private void Greet(MediatorHost host, ref PciGuestAccess access)
    {
        PciIdentity identity = IdentityFrom(host, access);
        if (!identity.IsSomebody)
        {
            return;
        }

        int index = _tracker.Discover(host, access.Address, identity, out bool hidden);
        if (hidden)
        {
            Refuse(ref access);
        }
        else if (index != None && _tracker.All[index].Owner >= 0)
        {
            RouteKnown(host, index, ref access); // its mediator has a word about this access too
        }
    }

    private void RouteKnown(MediatorHost host, int index, ref PciGuestAccess access)
    {
        PciWatch watch = _tracker.All[index].Watch;
        if (_tracker.All[index].IsStale)
        {
            _tracker.Refresh(host, index);
        }

        if ((watch & PciWatch.Hidden) != 0)
        {
            if (access.ReadsVendor)
            {
                index = _tracker.Identified(host, index, new PciIdentity(_configuration.Read(host, access.Address, PciRegister.Identity, sizeof(uint))));
                if (index != None && (_tracker.All[index].Watch & PciWatch.Hidden) == 0)
                {
                    Perform(host, ref access); // another one is in its place
                    return;
                }
            }

            Refuse(ref access);
            return;
        }

        if ((watch & PciWatch.Claimed) != 0 && IsSettledByOwner(host, index, ref access))
        {
            return;
        }

        if (access.IsWrite && !_tracker.TryPrepare(host, index, ref access))
        {
            return;
        }

        if (access.IsWrite && PciTracker.Renumbers(_tracker.All[index], access))
        {
            // What passes by is known by address: nothing does while addresses change.
            bool wasOpen = host.ConfigurationPorts.IsOpen;
            _configuration.ClosePassage(host);
            Perform(host, ref access);
            _tracker.Written(host, index, access);
            host.ConfigurationPorts.IsOpen = wasOpen;
            return;
        }

        Perform(host, ref access);
        if (access.IsWrite && watch != PciWatch.None)
        {
            _tracker.Written(host, index, access);
        }
        else if (!access.IsWrite)
        {
            PciSpaceGuard.Show(_tracker.All[index], ref access);
        }

        if (access.ReadsVendor)
        {
            PciIdentity identity = IdentityFrom(host, access);
            int now = _tracker.Identified(host, index, identity);
            if (now != index && now != None && (_tracker.All[now].Watch & PciWatch.Hidden) != 0)
            {
                Refuse(ref access);
            }
        }
    }

    private PciIdentity IdentityFrom(MediatorHost host, in PciGuestAccess access)
    {
        PciIdentity seen = new(access.Value | ~PciConfiguration.Ones(access.Size));
        return access.Size == sizeof(uint) || !seen.IsSomebody
            ? seen
            : new PciIdentity(_configuration.Read(host, access.Address, PciRegister.Identity, sizeof(uint)));
    }

    /// <returns>Whether the owner has dealt with it; else it passes, perhaps with another value.</returns>
    private bool IsSettledByOwner(MediatorHost host, int index, ref PciGuestAccess access)
    {
        ref PciFunctionRecord record = ref _tracker.All[index];
        PciRequest request = new()
        {
            Tag = record.Tag, Processor = access.Processor, Address = access.Address, Function = index, Offset = access.Offset, Size = access.Size,
            IsWrite = access.IsWrite, Value = access.Value,
        };
        Offered++;
        Verdict verdict = host.OfferPciConfiguration(record.Owner, ref request);
        access.Value = verdict == Verdict.Deny ? uint.MaxValue : request.Value;
        return verdict is Verdict.Done or Verdict.Deny;
    }

    private void Refuse(ref PciGuestAccess access)
    {
        Refused++;
        access.Value = uint.MaxValue;
    }

    private void Perform(MediatorHost host, ref PciGuestAccess access)
    {
        if (access.Memory != 0)
        {
            if (access.IsWrite)
            {
                host.WriteDevice(access.Memory, access.Size, access.Value);
            }
            else
            {
                access.Value = (uint)host.ReadDevice(access.Memory, access.Size);
            }

            return;
        }

        PortRequest request = new()
        {
            Port = (ushort)(ConfigurationPorts.DataPort + (access.Offset & LaneMask)), Size = access.Size, IsWrite = access.IsWrite, Value = access.Value,
        };
        _configuration.PerformPort(host, access.Register, ref request);
        access.Value = request.Value;
    }
}
