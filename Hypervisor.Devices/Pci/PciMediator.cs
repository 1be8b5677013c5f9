using System;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;

namespace Hypervisor.Devices.Pci;

/// <summary>
/// <c>pci</c>: stands before configuration space, at the ports CF8h and CFCh and at every window in memory. It finds the functions, follows them, hands accesses to the
/// mediators that have claimed them and hides what the configuration says. All else passes.
/// </summary>
public sealed class PciMediator : Mediator
{
    private const int LaneMask = 3;
    private const int DwordSize = sizeof(uint);
    private const ushort ResetPort = 0xCF9;

    private readonly PciConfiguration _configuration;
    private readonly PciPolicy _policy = new();
    private readonly EcamRelocation _relocation;
    private readonly PciTracker _tracker;
    private readonly PciRouter _router;
    private MediatorHost? _host;

    /// <summary>The mediator.</summary>
    /// <param name="configuration">What the host itself reaches configuration space through.</param>
    public PciMediator(PciConfiguration configuration)
    {
        _configuration = configuration;
        _relocation = new EcamRelocation(configuration);
        _tracker = new PciTracker(configuration, _policy, _relocation);
        _router = new PciRouter(configuration, _tracker, _policy);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Name => "pci"u8;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> OptionNames => PciPolicy.OptionNames;

    /// <inheritdoc/>
    public override Fallback Fallback => _policy.Hides ? Fallback.Deny : Fallback.Pass;

    /// <summary>Configuration space, for the mediators of functions.</summary>
    public PciConfiguration Configuration => _configuration;

    /// <summary>
    /// Claims functions for a mediator: those there are, about which it is told before this returns, and those that will be. To be called from
    /// <see cref="Mediator.Attach"/>.
    /// </summary>
    /// <param name="owner">The mediator.</param>
    /// <param name="host">Its host.</param>
    /// <param name="match">Which functions.</param>
    /// <param name="tag">Comes back in requests and notices.</param>
    /// <returns>False where the pci mediator is not in place, or there is no room for the claim.</returns>
    public bool ClaimFunctions(Mediator owner, MediatorHost host, PciMatch match, uint tag)
    {
        if (_host == null || !host.HasClaims(_host.Number))
        {
            return false;
        }

        _tracker.Scan(host);
        if (!_tracker.Claims.Add(match, host.Number, tag))
        {
            return false;
        }

        for (int i = 0; i < _tracker.All.End; i++)
        {
            if (IsFree(i, match))
            {
                _tracker.Give(host, i, host.Number, tag);
                owner.OnPciFunction(_tracker.Describe(i, PciNotice.Found)); // it is inside its own call already
            }
        }

        return true;
    }

    /// <summary>A function.</summary>
    /// <param name="number">Its number in requests and notices.</param>
    public PciFunction Function(int number) => new(_tracker.BarClaims, _tracker.All, number);

    /// <inheritdoc/>
    public override OptionResult SetOption(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => _policy.SetOption(key, value);

    /// <inheritdoc/>
    public override void Attach(MediatorHost host)
    {
        _host = host;
        _configuration.Open(host);
        _ = host.ClaimPorts(ConfigurationPorts.AddressPort, ConfigurationPorts.AddressPortEnd, PciTag.AddressPort, wholeOnly: true);
        _ = host.ClaimPorts(ConfigurationPorts.DataPort, ConfigurationPorts.DataPortEnd, PciTag.DataPort);
        McfgTable.Read(host, _configuration.Windows);
        _relocation.Attach(host, isStrict: _policy.Hides);
        _tracker.Open(host);
        if (_policy.Logging == PciLogging.Off)
        {
            PciConfiguration.OpenPassage(host);
        }
    }

    /// <inheritdoc/>
    public override void Resume()
    {
        MediatorHost host = _host!;
        _configuration.Lock(host);
        PciPorts.Reset(host);
        _configuration.Unlock(host);
        _relocation.Resume(host);
        _tracker.Resume(host);
    }

    /// <inheritdoc/>
    public override void Detach() => Synchronize();

    /// <inheritdoc/>
    public override void Abandon() => Synchronize();

    /// <inheritdoc/>
    public override Verdict OnPort(ref PortRequest request)
    {
        switch (request.Tag)
        {
            case PciTag.DataPort:
                OnDataPort(ref request);
                return Verdict.Done;
            case PciTag.AddressPort:
                return OnAddressPort(ref request);
            default:
                return Verdict.Deny;
        }
    }

    /// <inheritdoc/>
    public override Verdict OnMemory(ref MemoryRequest request)
    {
        if (request.Tag == PciTag.Hidden)
        {
            return Verdict.Deny;
        }

        ref EcamWindow window = ref _configuration.Windows[PciTag.WindowOf(request.Tag)];
        PciAddress address = window.Function(request.Offset, out int offset);
        if ((offset & LaneMask) + request.Size <= DwordSize)
        {
            return _router.IsPlain(address.Packed, offset) ? Verdict.Pass : OnDword(ref request, request.Offset, request.Size, 0);
        }

        PciAddress last = window.Function(request.Offset + (ulong)request.Size - 1, out int lastOffset);
        if (_router.IsPlain(address.Packed, offset) && _router.IsPlain(last.Packed, lastOffset))
        {
            return Verdict.Pass;
        }

        for (int done = 0; done < request.Size;)
        {
            ulong at = request.Offset + (ulong)done;
            int size = NaturalSize(at, request.Size - done);
            _ = OnDword(ref request, at, size, done);
            done += size;
        }

        return Verdict.Done;
    }

    /// <inheritdoc/>
    public override Verdict OnMsr(ref MsrRequest request)
    {
        if (!request.IsWrite)
        {
            return Verdict.Pass;
        }

        if (!_relocation.MayWrite(_host!, request.Value))
        {
            return Verdict.Done;
        }

        _relocation.MsrChanged(_host!, request.Value);
        return Verdict.Pass;
    }

    /// <inheritdoc/>
    public override ulong Statistic(int index, out ReadOnlySpan<byte> name)
    {
        switch (index)
        {
            case 0:
                name = "functions"u8;
                return (ulong)_tracker.All.Count;
            case 1:
                name = "offered"u8;
                return _router.Offered;
            case 2:
                name = "refused"u8;
                return _router.Refused;
            case 3:
                name = "window-moves"u8;
                return _relocation.Moves;
            case 4:
                name = "passed-by"u8;
                return _host == null ? 0 : _host.ConfigurationPorts.Passed;
            default:
                name = default;
                return 0;
        }
    }

    private bool IsFree(int index, PciMatch match)
    {
        ref PciFunctionRecord record = ref _tracker.All[index];
        return record.IsUsed && record.Owner < 0 && match.Means(new PciAddress(record.Address), new PciIdentity(record.Identity), record.ClassCode);
    }

    private void OnDataPort(ref PortRequest request)
    {
        MediatorHost host = _host!;
        if (host.ConfigurationPorts.IsUnknown)
        {
            Synchronize();
        }

        PciAddressRegister register = PciPorts.Address(host);
        int offset = register.Offset + (request.Port & LaneMask);
        if (!register.IsEnabled || _router.IsPlain(register.Address.Packed, offset))
        {
            _configuration.PerformPort(host, register, ref request);
            return;
        }

        PciGuestAccess access = new()
        {
            Processor = request.Processor, Address = register.Address, Offset = offset | register.ExtendedOffset, Size = request.Size, IsWrite = request.IsWrite,
            Value = request.Value, Register = register, IsUncertain = !register.IsPlain,
        };
        _router.Handle(host, ref access);
        request.Value = access.Value;
    }

    /// <summary>
    /// Only a whole dword is the address register; anything narrower is an ordinary access to ports (PCI 3.0 §3.2.2.3.2), among them the reset control register CF9h, which
    /// another mediator may have claimed.
    /// </summary>
    private Verdict OnAddressPort(ref PortRequest request)
    {
        if (request.Size == DwordSize)
        {
            if (request.IsWrite)
            {
                PciPorts.Latch(_host!, request.Value);
            }
            else
            {
                _configuration.PerformPort(_host!, ref request); // bits that are hardwired are the hardware's to tell
            }

            return Verdict.Done;
        }

        MediatorHost host = _host!;
        _configuration.Lock(host);
        bool passes = request.Port <= ResetPort && request.Port + request.Size > ResetPort;
        if (!passes)
        {
            PciPorts.Perform(host, ref request);
        }

        PciPorts.Expose(host);
        _configuration.Unlock(host);
        return passes ? Verdict.Pass : Verdict.Done;
    }

    /// <summary>A part of an access to a window.</summary>
    /// <param name="request">The access.</param>
    /// <param name="at">The part's offset in the window.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="done">Bytes of the access before it.</param>
    private Verdict OnDword(ref MemoryRequest request, ulong at, int size, int done)
    {
        ref EcamWindow window = ref _configuration.Windows[PciTag.WindowOf(request.Tag)];
        PciAddress address = window.Function(at, out int offset);
        int shift = done * 8;
        PciGuestAccess access = new()
        {
            Processor = request.Processor, Address = address, Offset = offset, Size = size, IsWrite = request.IsWrite, Value = (uint)(request.Value >> shift),
            Memory = request.Address + (ulong)done,
        };
        _router.Handle(_host!, ref access);
        if (!request.IsWrite)
        {
            ulong ones = (ulong)PciConfiguration.Ones(size) << shift;
            request.Value = (request.Value & ~ones) | (((ulong)access.Value << shift) & ones);
        }

        return Verdict.Done;
    }

    /// <summary>The widest aligned access from an offset on.</summary>
    private static int NaturalSize(ulong offset, int left)
    {
        int size = DwordSize;
        while (size > left || (offset & ((ulong)size - 1)) != 0)
        {
            size /= 2;
        }

        return size;
    }

    private void Synchronize()
    {
        MediatorHost host = _host!;
        _configuration.Lock(host);
        PciPorts.Synchronize(host);
        _configuration.Unlock(host);
    }
}
