using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Acpi;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// <c>ahci</c>: stands before the registers of AHCI controllers, by whichever way they are reached, and sees every command (M50 to M55). Without a rule it changes nothing, but keeps
/// commands away that would reach the host's memory. Rules make sectors of disks read-only, unreachable or encrypted.
/// </summary>
public sealed class AhciMediator : Mediator
{
    private const ushort AhciClass = 0x0106; // PCI Code and ID Assignment 1.11, §1.2
    private const ushort LegacyClass = 0x0101;
    private const ushort RaidClass = 0x0104;
    private const int RegistersBar = 5;
    private const uint IndexMask = 0xFFFF_FFFC;

    private readonly PciMediator _pci;
    private readonly PciConfiguration _configuration;
    private readonly AhciPolicy _policy = new();
    private readonly AhciControllers _controllers = new();
    private readonly AhciCounters _counters = new();
    private readonly AhciRegisters _registers;
    private readonly AhciWatcher _watcher;
    private readonly AhciGovernor _governor;
    private readonly AhciRouter _router;
    private readonly AhciFinder _finder;
    private MediatorHost? _host;
    private bool _isTranslated;
    private bool _hasLegacy;

    /// <summary>The mediator.</summary>
    /// <param name="pci">Who finds the controllers.</param>
    /// <param name="configuration">Their configuration space.</param>
    public AhciMediator(PciMediator pci, PciConfiguration configuration)
    {
        AhciComplaints complaints = new(_counters);
        _pci = pci;
        _configuration = configuration;
        _registers = new AhciRegisters(configuration);
        _governor = new AhciGovernor(_controllers, _registers, _counters, complaints, _policy);
        _watcher = new AhciWatcher(_controllers, _registers, _counters, complaints);
        _router = new AhciRouter(_controllers, _registers, _watcher, _governor);
        _finder = new AhciFinder(pci, configuration, _registers, _policy);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Name => "ahci"u8;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> OptionNames => AhciPolicy.OptionNames;

    /// <inheritdoc/>
    public override Fallback Fallback => _policy.Governs ? Fallback.Deny : Fallback.Pass;

    /// <inheritdoc/>
    public override uint OwnMemory => _policy.Governs ? GovernedMemory.Size : 0u;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> WantedPassphrase => _policy.Keys.WantedPassphrase;

    /// <inheritdoc/>
    public override int TakePassphrase(ReadOnlySpan<byte> passphrase, Span<byte> option) => _policy.Keys.TakePassphrase(passphrase, option);

    /// <inheritdoc/>
    public override void ForgetSecrets() => _policy.Keys.Forget();

    /// <inheritdoc/>
    public override OptionResult SetOption(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => _policy.SetOption(key, value);

    /// <inheritdoc/>
    public override void Attach(MediatorHost host)
    {
        _host = host;
        _controllers.Clear();
        _governor.Clear();
        _policy.Keys.Prepare();
        bool hasIommu = HasIommu(host);
        _isTranslated = hasIommu && !_policy.Governs;
        _hasLegacy = false;
        if (_policy.Governs)
        {
            Warn(host, hasIommu);
        }
        else if (hasIommu)
        {
            host.Log(LogLevel.Information).Text("there is an IOMMU for the guest, so addresses in commands need not be those of memory: they are counted, not checked"u8).End();
        }

        if (!_pci.ClaimFunctions(this, host, PciMatch.Class(AhciClass), AhciTag.Controller))
        {
            host.Log(LogLevel.Warning).Text("the pci mediator is not in place: controllers are not seen"u8).End();
        }

        if (_policy.Governs && !_hasLegacy)
        {
            LegacyMode.CloseFixedPorts(host, AhciTag.Of(AhciControllers.Capacity, 0));
        }
    }

    /// <inheritdoc/>
    public override void OnPciFunction(in PciFunctionInfo function)
    {
        if (_host == null)
        {
            return;
        }

        if (function.Tag != AhciTag.Controller)
        {
            if (function.Notice == PciNotice.Found)
            {
                _hasLegacy |= function.Tag == AhciTag.Legacy;
                _host.Log(LogLevel.Warning).Pci(function.Address).Text(": no AHCI controller: rules do not reach its disks"u8).End();
            }

            return;
        }

        int index = _controllers.Find(function.Function);
        if (function.Notice == PciNotice.Found && index == AhciControllers.None)
        {
            index = Add(_host, function);
        }

        if (index == AhciControllers.None)
        {
            return;
        }

        if (function.Notice is PciNotice.Removed or PciNotice.Reset)
        {
            _governor.Reset(_host, index);
            _controllers.Forget(index);
            _controllers[index].IsKnown = false;
        }

        if (function.Notice == PciNotice.Removed)
        {
            _controllers.Remove(index);
            return;
        }

        _controllers[index].Address = function.Address;
        _governor.Moved(index);
        Place(_host, index);
    }

    /// <inheritdoc/>
    public override Verdict OnMemory(ref MemoryRequest request)
    {
        if (AhciTag.BarOf(request.Tag) != RegistersBar || !_controllers[AhciTag.ControllerOf(request.Tag)].HasMemory)
        {
            return Verdict.Deny; // the claim is there before the registers are, and stays when they have gone
        }

        MakeKnown(AhciTag.ControllerOf(request.Tag));
        AhciAccess access = new() { Offset = (int)request.Offset, Size = request.Size, IsWrite = request.IsWrite, Value = request.Value };
        Verdict verdict = _router.Handle(_host!, AhciTag.ControllerOf(request.Tag), ref access);
        request.Value = access.Value;
        return verdict;
    }

    /// <inheritdoc/>
    public override Verdict OnPort(ref PortRequest request)
    {
        int index = AhciTag.ControllerOf(request.Tag);
        if (index >= AhciControllers.Capacity)
        {
            return Verdict.Deny;
        }

        MakeKnown(index);
        ref AhciController controller = ref _controllers[index];
        int fromIndex = request.Port - controller.PairPorts - controller.PairOffset;
        bool isPair = AhciTag.BarOf(request.Tag) == controller.PairBar && fromIndex >= 0 && fromIndex + request.Size <= 2 * sizeof(uint);
        if (!isPair)
        {
            return controller.MayBeGoverned ? Verdict.Deny : Verdict.Pass; // the ways of a parallel ATA controller (M55)
        }

        int fromData = fromIndex - sizeof(uint);
        if (fromData < 0)
        {
            return fromData + request.Size > 0 ? Verdict.Deny : controller.MayBeGoverned ? AccessIndex(_host!, ref request) : Verdict.Pass;
        }

        AhciAccess access = PairAccess(index, fromData, request.Size, request.IsWrite, request.Value);
        Verdict verdict = _router.HandleDword(_host!, index, ref access);
        request.Value = (uint)access.Value;
        return verdict;
    }

    /// <inheritdoc/>
    public override Verdict OnPciConfiguration(ref PciRequest request)
    {
        int index = _controllers.Find(request.Function);
        if (index == AhciControllers.None)
        {
            // One there is no room for, where it would be a way around the rules: what it has behind the header, an index/data pair perhaps, stays as it is.
            bool isRefused = _policy.Governs && request.Tag == AhciTag.Controller && request.IsWrite && request.Offset >= PciRegister.HeaderEnd;
            return isRefused ? Verdict.Deny : Verdict.Pass;
        }

        if (_controllers[index].MayBeGoverned && request.IsWrite && LegacyMode.IsSwitchedBy(request, _configuration.Read(_host!, request.Address, PciRegister.Identity, sizeof(ushort))))
        {
            return Verdict.Deny;
        }

        if (_controllers[index].PairBar >= 0 || _controllers[index].PairOffset == 0)
        {
            return Verdict.Pass;
        }

        int at = request.Offset - _controllers[index].PairOffset - sizeof(uint);
        if (at is < -sizeof(uint) or >= sizeof(uint))
        {
            return Verdict.Pass;
        }

        if (at < 0)
        {
            return _controllers[index].MayBeGoverned ? AccessIndex(_host!, ref request) : Verdict.Pass;
        }

        MakeKnown(index);
        AhciAccess access = PairAccess(index, at, request.Size, request.IsWrite, request.Value);
        Verdict verdict = _router.HandleDword(_host!, index, ref access);
        request.Value = (uint)access.Value;
        return verdict;
    }

    /// <inheritdoc/>
    public override void Resume()
    {
        for (int i = 0; i < AhciControllers.Capacity && _host != null; i++)
        {
            if (_controllers[i].IsUsed)
            {
                _controllers[i].IsKnown = false; // PI is what the firmware has written this time
                Place(_host, i);
                _governor.Resume(_host, i);
                _controllers.Forget(i);
            }
        }
    }

    /// <inheritdoc/>
    public override void Detach()
    {
        for (int i = 0; i < AhciControllers.Capacity && _host != null; i++)
        {
            for (uint ports = _controllers[i].Governed; ports != 0; ports &= ports - 1)
            {
                _governor.Return(_host, i, BitScan.Lowest(ports));
            }
        }
    }

    /// <inheritdoc/>
    public override ulong Statistic(int index, out ReadOnlySpan<byte> name)
    {
        if (_host != null)
        {
            _watcher.Settle(_host);
        }

        return _counters.Get(index, out name);
    }

    /// <summary>What can get past the rules, said once.</summary>
    private void Warn(MediatorHost host, bool hasIommu)
    {
        host.Log(LogLevel.Information).Text("firmware in system management mode could reach the disks past the rules"u8).End();
        _ = _pci.ClaimFunctions(this, host, PciMatch.Class(LegacyClass), AhciTag.Legacy) && _pci.ClaimFunctions(this, host, PciMatch.Class(RaidClass), AhciTag.Raid);
        for (int i = 0; i < _policy.Keys.Count; i++)
        {
            if (!_policy.Keys.IsUsable(i))
            {
                host.Log(LogLevel.Error).Text("key "u8).Text(_policy.Keys.Name(i)).Text(" cannot be used: what it would encrypt is refused"u8).End();
            }
        }

        if (hasIommu)
        {
            host.Log(LogLevel.Warning).Text("the guest could use the IOMMU, and lock the host's lists out: set acpi.iommu = hide"u8).End();
        }
    }

    /// <summary>Whether the guest is told of an IOMMU: the acpi mediator, which comes first, may have hidden the tables (VT-d 4.1 §8.1, AMD IOMMU 3.08 §5.2).</summary>
    private static bool HasIommu(MediatorHost host) =>
        !AcpiAccess.Finder(host).Find("DMAR"u8).IsEmpty || !AcpiAccess.Finder(host).Find("IVRS"u8).IsEmpty;

    private int Add(MediatorHost host, in PciFunctionInfo function)
    {
        int index = _controllers.Add(function.Function);
        if (index == AhciControllers.None)
        {
            host.Log(LogLevel.Warning).Pci(function.Address).Text(": more controllers than there is room for"u8)
                .Text(_policy.Governs ? ": it is refused"u8 : ": it is not seen"u8).End();
            _finder.Refuse(host, function.Function, AhciTag.Of(AhciControllers.Capacity, 0));
            return index;
        }

        _controllers[index].Address = function.Address;
        _controllers[index].IsTranslated = _isTranslated;
        _finder.Claim(host, index, ref _controllers[index]);
        return index;
    }

    /// <summary>Follows where the registers are; and takes the ports over that rules are about, once they can be reached.</summary>
    private void Place(MediatorHost host, int index)
    {
        ref AhciController controller = ref _controllers[index];
        _finder.Place(ref controller);
        if (controller.IsKnown || !_finder.TryKnow(host, ref controller))
        {
            return;
        }

        for (uint ports = controller.Ports & controller.Concerned & ~controller.Governed; ports != 0; ports &= ports - 1)
        {
            _governor.Take(host, index, BitScan.Lowest(ports));
        }
    }

    /// <summary>A controller that could not tell its ports so far is asked again, before the guest can use one.</summary>
    private void MakeKnown(int index)
    {
        if (!_controllers[index].IsKnown)
        {
            Place(_host!, index);
        }
    }

    /// <summary>An access to the index register, made while nobody of the host's uses the pair.</summary>
    private static Verdict AccessIndex(MediatorHost host, ref PortRequest request)
    {
        if (request.IsWrite)
        {
            host.WritePort(request.Port, request.Size, request.Value);
        }
        else
        {
            request.Value = host.ReadPort(request.Port, request.Size);
        }

        return Verdict.Done;
    }

    private Verdict AccessIndex(MediatorHost host, ref PciRequest request)
    {
        if (request.IsWrite)
        {
            _configuration.Write(host, request.Address, request.Offset, request.Size, request.Value);
        }
        else
        {
            request.Value = _configuration.Read(host, request.Address, request.Offset, request.Size);
        }

        return Verdict.Done;
    }

    /// <summary>An access to the data register: the index register, which is the hardware's, says to what.</summary>
    private AhciAccess PairAccess(int controller, int at, int size, bool isWrite, uint value)
    {
        uint index = _registers.Index(_host!, _controllers[controller]) & IndexMask;
        int offset = (int)Math.Min(index, AhciRegister.End) + at;
        return new AhciAccess { Offset = offset, Size = size, IsWrite = isWrite, Value = value };
    }
}
